"""Exam: what the tiny model answers to tables that it has never seen, and how much of it is right. From a shell it trains one first, and keeps it every 1000 steps:

    python exam.py --steps 4000 --out tiny.gguf
"""
import argparse
import pickle

from tiny import forward, jax, jnp, np, to_gguf, train
from facts import class_of, is_right, prompt, sentences
from pieces import BEGIN, END, decode, encode
from tables import Chance, table


@jax.jit
def _likeliest(weights, tokens):
    return jnp.argmax(forward(weights, tokens), -1)


def _padded(rows, more=0):
    length = -(-(max(map(len, rows)) + more) // 32) * 32
    return np.array([row + [END] * (length - len(row)) for row in rows], np.int32)


def answers(weights, prompts, longest=80, together=200):
    """The likeliest answer to each prompt, token by token; END has to come by itself."""
    told = []
    for at in range(0, len(prompts), together):
        asked = [[BEGIN, *encode(text)] for text in prompts[at:at + together]]
        tokens, begins, lines = _padded(asked, longest), np.array([len(row) for row in asked]), np.arange(len(asked))
        ends, live = begins.copy(), np.ones(len(asked), bool)
        while live.any() and (ends - begins).max() < longest:
            chosen = np.asarray(_likeliest(weights, tokens[:, :-(-ends.max() // 32) * 32]))[lines, ends - 1]
            tokens[lines, ends] = np.where(live, chosen, END)
            live &= chosen != END
            ends += live
        told += [decode(row[begin:end]) + ('…' if open else '') for row, begin, end, open in zip(tokens, begins, ends, live)]
    return told


def answers_to(weights, tables, together=200):
    """The likeliest answer to each table. Where each token of the one that is taught is the likeliest, that is it, and one look is enough."""
    told = []
    for at in range(0, len(tables), together):
        asked = [[BEGIN, *encode(prompt(facts))] for facts in tables[at:at + together]]
        taught = [row + encode(sentences(facts)) + [END] for row, facts in zip(asked, tables[at:at + together])]
        seen = np.asarray(_likeliest(weights, _padded(taught)))
        told += [sentences(facts) if list(row[len(a) - 1:len(t) - 1]) == t[len(a):] else None for facts, row, a, t in zip(tables[at:at + together], seen, asked, taught)]
    others = iter(answers(weights, [prompt(facts) for facts, answer in zip(tables, told) if answer is None]))
    return [next(others) if answer is None else answer for answer in told]


def examine(weights, count=1000, seed=77):
    """Right answers to held-out tables, by class, and the wrong ones."""
    chance = Chance(seed)
    tables = [table(chance, True) for _ in range(count)]
    classes, wrong = {}, []
    for facts, told in zip(tables, answers_to(weights, tables)):
        row = classes.setdefault(class_of(facts), [0, 0])
        row[0] += is_right(facts, told)
        row[1] += 1
        if not is_right(facts, told):
            wrong.append((facts, told))
    rows = [{'class': name, 'right': right, 'total': total} for name, (right, total) in sorted(classes.items())]
    return [*rows, {'class': 'all', 'right': sum(row['right'] for row in rows), 'total': count}], wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--steps', type=int, default=4000)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--out', default='tiny.gguf')
    parser.add_argument('--count', type=int, default=1000)
    options = parser.parse_args()

    def keep(step, weights):
        with open(f'{options.out}.{step}.pkl', 'wb') as file:
            pickle.dump({name: np.asarray(w) for name, w in weights.items()}, file)
        print(step, examine(weights, 200)[0][-1], flush=True)

    weights = train(options.steps, options.seed, keep=keep, say=lambda text: print(text, flush=True))
    with open(options.out, 'wb') as file:
        file.write(to_gguf(weights))
    rows, wrong = examine(weights, options.count)
    for row in rows:
        print(f"{row['class']:40} {row['right']:5} of {row['total']}")
    for facts, told in wrong[:20]:
        print('wrong:', sentences(facts), '\n   is:', told)


if __name__ == '__main__':
    main()
