"""Whole journeys through the real window, by mouse and keyboard.

They stand beside the other tests of the window because they use the same screen, file manager and person. Everything
is the product itself: window, SDK process, practice server, model. Only the hands are the tests'.
"""
