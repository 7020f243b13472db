"""How the window behaves when things are not as they should be: keyrings, second windows, closing, crashes, kills.

They stand here because they need the screen and the person of the window's tests. Everything is real: window, SDK
process, practice server, and a gnome-keyring on a D-Bus session of its own.
"""
