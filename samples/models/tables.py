"""Tables: small tables of facts about the weather of a place, by seed. `tests/support/tiny-facts.ts` is its twin: the same seed gives the same tables.

A table is held out (never seen in training) by a hash of its values: places, years and numbers of one eighth are kept for the examination.
"""
MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
# Each fact and the kind of its value, in the order in which the sentences state them.
FACTS = {
    'place': 'place', 'year': 'year',
    'warmest month': 'month', 'mean of daily highs': 'signed', 'coldest month': 'month', 'degrees between them': 'number', 'highest temperature': 'signed', 'lowest temperature': 'signed',
    'wettest month': 'month', 'rain in wettest month': 'number', 'driest month': 'month', 'rainy days': 'days', 'total rain': 'number',
}

CITIES = """Amsterdam Ankara Athens Atlanta Auckland Baghdad Bangkok Barcelona Beijing Beirut Bergen Berlin Bogota Boston Brisbane Brussels Budapest Cairo Calgary Caracas Casablanca Chicago Copenhagen
Dakar Dallas Darwin Delhi Denver Detroit Dhaka Dresden Dubai Dublin Edinburgh Florence Geneva Glasgow Hamburg Hanoi Havana Helsinki Houston Istanbul Jakarta Johannesburg Karachi Kathmandu Kinshasa Lagos
Leipzig Lima Lisbon Liverpool London Madrid Manchester Manila Marseille Melbourne Memphis Miami Milan Montreal Moscow Mumbai Munich Nairobi Naples Nashville Oakland Odessa Osaka Oslo Ottawa Palermo Paris
Perth Philadelphia Phoenix Portland Porto Prague Quito Reykjavik Riga Rome Rotterdam Sacramento Salzburg Santiago Seattle Seoul Seville Shanghai Singapore Sofia Spokane Stockholm Sydney Tacoma Tallinn Tampa
Tehran Tokyo Toronto Tunis Turin Uppsala Valencia Vancouver Venice Vienna Vilnius Warsaw Wellington Winnipeg Yakima Yokohama Zagreb Zurich""".split()
STARTS = ['New', 'San', 'Los', 'Port', 'Fort', 'Bad', 'East', 'North', 'Mount', 'Saint', 'St.', 'El', 'La']
LINKS = [' ', ' ', '-', ' of ', ' upon ', ' de ', ' am ', ' the ', ' in ', "'s "]
ENDS = ['City', 'Falls', 'Springs', 'Beach', 'Bay', 'Hills', 'ville', 'ton', 'burg', 'field', 'ham', 'March', 'May', 'June']
CONSONANTS = ['b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'qu', 'r', 's', 't', 'v', 'w', 'x', 'z', 'th', 'sh', 'st', 'tt', 'ss', 'ng', 'll', 'br']
VOWELS = ['a', 'e', 'i', 'o', 'u', 'y', 'ee', 'ai', 'ou']
ACCENTED = 'àáâãäåæçèéêëìíîïñòóôõöøùúûüýßčďěłńřśšťůźžșțőğışжилдо'


class Chance:
    """Numbers of one seed (mulberry32)."""

    def __init__(self, seed):
        self.state = seed & 0xFFFFFFFF

    def below(self, count):
        self.state = (self.state + 0x6D2B79F5) & 0xFFFFFFFF
        x = self.state
        x = ((x ^ x >> 15) * (x | 1)) & 0xFFFFFFFF
        x ^= (x + ((x ^ x >> 7) * (x | 61) & 0xFFFFFFFF)) & 0xFFFFFFFF
        return (x ^ x >> 14) * count >> 32

    def one(self, of):
        return of[self.below(len(of))]

    def shuffle(self, items):
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]


def is_held_out(value):
    """Whether a value is kept from training (FNV-1a, mixed)."""
    hashed = 0x811C9DC5
    for byte in value.encode():
        hashed = (hashed ^ byte) * 0x01000193 & 0xFFFFFFFF
    return (hashed ^ hashed >> 15) % 8 == 0


def name(chance):
    """One word of a name: syllables, or letters without any sense."""
    if chance.below(3) > 0:
        word = ''.join(chance.one(CONSONANTS) + chance.one(VOWELS) for _ in range(1 + chance.below(3))) + chance.one(['', 'n', 'r', 's', 'l'])
    else:
        word = ''.join(chance.one('abcdefghijklmnopqrstuvwxyz') for _ in range(2 + chance.below(9)))
    return word[0].upper() + word[1:]


def place(chance):
    kind = chance.below(20)
    if kind < 5:
        return chance.one(CITIES)
    if kind < 12:
        return name(chance)
    if kind < 14:
        return f'{chance.one(STARTS)} {name(chance)}'
    if kind < 16:
        return name(chance) + chance.one(LINKS) + name(chance)
    if kind < 17:
        return name(chance) + chance.one(['', ' ']) + chance.one(ENDS)
    if kind < 18:
        twice = name(chance)
        return twice + chance.one([' ', '-']) + twice
    letters = list(name(chance))
    for _ in range(1 + chance.below(2)):
        letters[chance.below(len(letters))] = chance.one(ACCENTED)
    return ''.join(letters)


def number(chance, whole):
    decimals = chance.one([0, 1, 1, 2])
    return str(whole) + ('.' if decimals else '') + ''.join(chance.one('0123456789') for _ in range(decimals))


def value_of(chance, kind):
    if kind == 'place':
        return place(chance)
    if kind == 'month':
        return chance.one(MONTHS)
    if kind == 'year':
        return str(1850 + chance.below(250))
    if kind == 'days':
        return str(chance.below(367))
    if kind == 'signed':
        return ('-' if chance.below(4) == 0 else '') + number(chance, 1 + chance.below(49))
    return number(chance, chance.below(chance.one([10, 30, 300, 3000])))


def table(chance, held_out=False):
    """Facts by name, one to eight of them, in some order; all values are of one side of the split, but months, of which there are twelve."""
    count = chance.one([1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 7, 7, 8])
    names = [name for name in ('place', 'year') if chance.below(10) < 7]
    others = [name for name in FACTS if name not in names]
    chance.shuffle(others)
    names = (names + others)[:count]
    if chance.below(3) == 0:
        names.sort(key=list(FACTS).index)
    else:
        chance.shuffle(names)
    facts = {}
    for each in names:
        kind = FACTS[each]
        value = value_of(chance, kind)
        while kind != 'month' and is_held_out(value) != held_out:
            value = value_of(chance, kind)
        facts[each] = value
    return facts
