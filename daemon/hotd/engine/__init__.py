"""The owner of the book: one thread, one inbox. A message in, a decision, its effects, a published view.

It never runs user code and never waits for imports, files, sockets or joins: whatever takes time is started on
another thread, whose end comes back as a message.
"""
