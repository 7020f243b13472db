import threading


def init():
    print("init hangs now")
    threading.Event().wait()


def run(data):
    return data
