import a_package_nobody_installed


def init():
    a_package_nobody_installed.load()


def run(data):
    return data
