"""How packaging, deploying and destroying stop where there is no going on."""


class Halt(Exception):
    """What keeps a program for operators from going on: the message says why and what to do next."""
