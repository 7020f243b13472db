def init():
    raise FileNotFoundError("the weights are not where they should be")


def run(data):
    return data
