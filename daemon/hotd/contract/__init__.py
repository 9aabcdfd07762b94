"""What the daemon and its clients share: verbs, requests, views, errors, codec, addresses, protocol version.

Standard library only, no threads, no clock, no sockets: a client on another machine needs nothing else of hotd.
"""
