def twice(text):
    return text + text
