"""Gone means gone: `sentinels` tell which code is in memory though its generation is not, `leaks` make a `Leak` of it.

Who holds it is looked for on request: `tracing` goes from the code backwards over references (`inside`, `hidden`) to
something that `naming` has words for. `collecting` is when garbage is collected, off every hot path.
"""
