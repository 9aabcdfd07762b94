"""The article's story in one terminal: a real daemon in a scratch folder, driven by the verbs that hotctl uses."""
