"""Facts: a table as the model is asked about it, the sentences that state it, and a checker that reads sentences back.

Plain Python, so that any interpreter runs it. `tests/support/tiny-facts.ts` is its twin.
"""
import re

from tables import MONTHS

HEAD = '| fact | value |\n| --- | --- |\n'
CUE = '\nSentences:'


def prompt(facts):
    """The whole text that the model goes on with."""
    return HEAD + ''.join(f'| {name} | {value} |\n' for name, value in facts.items()) + CUE


def _temperatures(f):
    warmest, coldest, mean, apart = (f.get(name) for name in ('warmest month', 'coldest month', 'mean of daily highs', 'degrees between them'))
    if warmest:
        yield f'the warmest month was {warmest}' + (f', with a mean of daily highs of {mean} °C' if mean else '')
    elif mean:
        yield f'the mean of daily highs was {mean} °C'
    if coldest:
        yield (f'the coldest was {coldest}' if warmest else f'the coldest month was {coldest}') + (f', {apart} degrees colder' if apart and warmest else '')
    if apart and not (warmest and coldest):
        yield f'the warmest and the coldest month were {apart} degrees apart'
    if 'highest temperature' in f:
        yield f"the highest temperature was {f['highest temperature']} °C"
    if 'lowest temperature' in f:
        yield f"the lowest temperature was {f['lowest temperature']} °C"


def _rain(f):
    wettest, rain = f.get('wettest month'), f.get('rain in wettest month')
    if wettest:
        yield f'the wettest month was {wettest}' + (f', with {rain} mm of rain' if rain else '')
    elif rain:
        yield f'the wettest month had {rain} mm of rain'
    if 'driest month' in f:
        yield f"the driest month was {f['driest month']}"
    if 'rainy days' in f:
        yield f"it rained on {f['rainy days']} days"
    if 'total rain' in f:
        yield f"the rain of all months was {f['total rain']} mm"


def sentences(facts):
    """The one answer that is taught."""
    where = ' in '.join(facts[name] for name in ('place', 'year') if name in facts)
    parts = [', '.join(clauses[:-1]) + (', and ' if len(clauses) > 1 else '') + clauses[-1] for clauses in (list(_temperatures(facts)), list(_rain(facts))) if clauses]
    if not parts:
        return f'This is about {where}.'
    first = f'In {where}, {parts[0]}' if where else parts[0][0].upper() + parts[0][1:]
    return '. '.join([first] + [part[0].upper() + part[1:] for part in parts[1:]]) + '.'


# A clause, the facts that it states, and those that have to be told before it.
_NUMBER, _MONTH = r'(-?[0-9]+(?:\.[0-9]+)?)', f"({'|'.join(MONTHS)})"
CLAUSES = [(re.compile(pattern.replace('#', _NUMBER).replace('@', _MONTH)), names, needs) for pattern, names, needs in [
    ('the warmest month was @, with a mean of daily highs of # °C', ['warmest month', 'mean of daily highs'], []),
    ('the warmest month was @', ['warmest month'], []),
    ('the mean of daily highs was # °C', ['mean of daily highs'], []),
    ('the coldest was @, # degrees colder', ['coldest month', 'degrees between them'], ['warmest month']),
    ('the coldest was @', ['coldest month'], ['warmest month']),
    ('the coldest month was @', ['coldest month'], []),
    ('the warmest and the coldest month were # degrees apart', ['degrees between them'], []),
    ('the highest temperature was # °C', ['highest temperature'], []),
    ('the lowest temperature was # °C', ['lowest temperature'], []),
    ('the wettest month was @, with # mm of rain', ['wettest month', 'rain in wettest month'], []),
    ('the wettest month was @', ['wettest month'], []),
    ('the wettest month had # mm of rain', ['rain in wettest month'], []),
    ('the driest month was @', ['driest month'], []),
    ('it rained on # days', ['rainy days'], []),
    ('the rain of all months was # mm', ['total rain'], []),
]]
_WHERE = r'(?:([0-9]{4})|([^0-9|,][^|,]*?)(?: in ([0-9]{4}))?)'
_ABOUT, _LEAD, _JOIN = re.compile(f'This is about {_WHERE}\\.'), re.compile(f'In {_WHERE}, '), re.compile(r', and |, |\. ')


def read(text):
    """The facts that a text states, by name; None where it is no such text, states one twice, or is longer than two sentences."""
    def where(found):
        alone, place, year = found.groups()
        return {name: value for name, value in (('place', place), ('year', alone or year)) if value}

    about = _ABOUT.fullmatch(text)
    if about:
        return where(about)
    lead = _LEAD.match(text)
    facts = where(lead) if lead else {}
    rest, starts, count = text[lead.end() if lead else 0:], lead is None, 1
    while True:
        if starts:
            if not re.match('[A-Z]', rest):
                return None
            rest = rest[0].lower() + rest[1:]
        for pattern, names, needs in CLAUSES:
            found = pattern.match(rest)
            if found and all(name in facts for name in needs):
                break
        else:
            return None
        if any(name in facts for name in names):
            return None
        facts.update(zip(names, found.groups()))
        rest = rest[found.end():]
        if rest == '.':
            return facts
        join = _JOIN.match(rest)
        if join is None:
            return None
        starts = join.group() == '. '
        count += starts
        if count > 2:
            return None
        rest = rest[join.end():]


def is_right(facts, text):
    """Whether a text states each fact once, with its exact value, and nothing else."""
    return read(text) == facts


def class_of(facts):
    """The kind of question, for the evaluation's rows."""
    if 'place' in facts and not re.fullmatch('[A-Za-z]+', facts['place']):
        return 'place of several words or accents'
    if any(value.startswith('-') for value in facts.values()):
        return 'a number below zero'
    return f"{len(facts)} fact{'' if len(facts) == 1 else 's'}"


if __name__ == '__main__':
    import json
    import sys
    from tables import Chance, table
    # A seed and a number of tables become prompts with their answers, which the checker has to agree with.
    chance, pairs = Chance(int(sys.argv[1])), []
    for _ in range(int(sys.argv[2])):
        facts = table(chance, True)
        assert is_right(facts, sentences(facts)), (facts, sentences(facts))
        pairs.append([prompt(facts), sentences(facts)])
    json.dump(pairs, sys.stdout)
