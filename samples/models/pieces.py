"""Pieces: the tokens of the tiny model. The fixed phrases of the grammar are one token each, the values are spelt letter by letter, and any other letter byte by byte.

`encode` cuts a text as llama.cpp does with this vocabulary (its `user defined` tokens are split off first, the longest first); a test compares the two.
"""
from facts import CUE, HEAD
from tables import FACTS, MONTHS

CLAUSES = ['the warmest month was ', 'the mean of daily highs was ', 'the coldest was ', 'the coldest month was ', 'the warmest and the coldest month were ', 'the highest temperature was ', 'the lowest temperature was ',
           'the wettest month was ', 'the wettest month had ', 'the driest month was ', 'it rained on ', 'the rain of all months was ']
PHRASES = [
    HEAD, *(f'| {name} | ' for name in FACTS), ' |\n', CUE, *MONTHS, *CLAUSES, *(clause[0].upper() + clause[1:] for clause in CLAUSES), 'This is about ', 'In ', ' in ', ', ', '. ', ', and ',
    ', with a mean of daily highs of ', ' °C', ' degrees colder', ' degrees apart', ', with ', ' mm of rain', ' mm', ' days',
]
UNKNOWN, BEGIN, END, BYTES = 0, 1, 2, 3
LETTERS = ['▁'] + [chr(code) for code in range(33, 127)]
TOKENS = ['<unk>', '<s>', '</s>'] + [f'<0x{byte:02X}>' for byte in range(256)] + LETTERS + PHRASES
# As llama.cpp numbers them: 1 a piece, 2 unknown, 3 control, 4 defined by the user, 6 a byte.
TYPES = [2, 3, 3] + [6] * 256 + [1] * len(LETTERS) + [4] * len(PHRASES)
_LETTER = {letter: BYTES + 256 + i for i, letter in enumerate(LETTERS)}
_PHRASE = {phrase: BYTES + 256 + len(LETTERS) + i for i, phrase in enumerate(PHRASES)}
_LONGEST = sorted(PHRASES, key=lambda phrase: -len(phrase.encode()))


def _letters(text):
    for letter in text:
        known = _LETTER.get('▁' if letter == ' ' else letter)
        yield from (BYTES + byte for byte in letter.encode()) if known is None else (known,)


def encode(text):
    """The tokens of a text, without a beginning or an end."""
    parts = [text]
    for phrase in _LONGEST:
        if phrase in text:
            parts = [piece for part in parts for piece in ([part] if isinstance(part, int) else _split(part, phrase))]
    return [token for part in parts for token in ([part] if isinstance(part, int) else _letters(part))]


def _split(text, phrase):
    first, *others = text.split(phrase)
    return [piece for piece in [first, *(piece for other in others for piece in (_PHRASE[phrase], other))] if piece != '']


def decode(tokens):
    """The text of tokens. Those of control are none."""
    data = b''
    for token in tokens:
        if BYTES <= token < BYTES + 256:
            data += bytes([token - BYTES])
        elif token >= BYTES + 256:
            data += TOKENS[token].replace('▁', ' ').encode()
    return data.decode(errors='replace')


if __name__ == '__main__':
    import json
    import sys
    # A list of texts, as JSON, becomes a list of their tokens.
    json.dump([encode(text) for text in json.load(sys.stdin)], sys.stdout)
