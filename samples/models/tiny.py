"""Tiny: a small llama, its training in JAX on a processor, and its file.

It is the architecture that llama.cpp calls `llama`: RMSNorm, rotary positions in pairs of neighbours, SwiGLU, and the table of tokens used for both ends.
"""
import math
import time

try:
    import jax
    import jax.numpy as jnp
    import numpy as np
except ImportError as error:
    raise ImportError(f'The training needs JAX and NumPy ({error}): pip install jax numpy, into the Python of this kernel.') from error

import ggufs
from facts import prompt, sentences
from pieces import BEGIN, END, TOKENS, TYPES, encode
from tables import Chance, table

SHAPE = {'layers': 4, 'width': 128, 'heads': 4, 'inner': 256, 'context': 512}
LONGEST, ROUND = 160, 16
EPSILON, BASE = 1e-5, 10000.0


def new_weights(seed, layers, width, inner, **_):
    """Random weights by a seed, by the names of the file; a matrix is in x out."""
    chance = np.random.default_rng(seed)
    def matrix(*shape, scale):
        return jnp.asarray(chance.normal(0, scale, shape), jnp.float32)
    weights = {'token_embd': matrix(len(TOKENS), width, scale=0.05), 'output_norm': jnp.ones(width)}
    for i in range(layers):
        for part, shape in [('attn_q', (width, width)), ('attn_k', (width, width)), ('attn_v', (width, width)), ('attn_output', (width, width)), ('ffn_gate', (width, inner)), ('ffn_up', (width, inner)), ('ffn_down', (inner, width))]:
            last = part in ('attn_output', 'ffn_down')
            weights[f'blk.{i}.{part}'] = matrix(*shape, scale=1 / math.sqrt(shape[0]) / (math.sqrt(2 * layers) if last else 1))
        weights[f'blk.{i}.attn_norm'] = weights[f'blk.{i}.ffn_norm'] = jnp.ones(width)
    return weights


def _norm(x, gain):
    return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + EPSILON) * gain


def _turn(x, cos, sin):
    even, odd = x[..., 0::2], x[..., 1::2]
    return jnp.stack([even * cos - odd * sin, even * sin + odd * cos], -1).reshape(x.shape)


def forward(weights, tokens, heads=SHAPE['heads']):
    """For each token of each row what comes next, as logits."""
    rows, length = tokens.shape
    width = weights['token_embd'].shape[1]
    size = width // heads
    angle = jnp.arange(length)[:, None] * BASE ** (-jnp.arange(0, size, 2) / size)
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    mask = jnp.where(jnp.tril(jnp.ones((length, length), bool)), 0, -1e9)
    x = weights['token_embd'][tokens]
    for i in range(sum(name.endswith('attn_q') for name in weights)):
        w = lambda part: weights[f'blk.{i}.{part}']
        h = _norm(x, w('attn_norm'))
        q, k, v = ((h @ w(part)).reshape(rows, length, heads, size).transpose(0, 2, 1, 3) for part in ('attn_q', 'attn_k', 'attn_v'))
        scores = _turn(q, cos, sin) @ _turn(k, cos, sin).transpose(0, 1, 3, 2) / math.sqrt(size) + mask
        x = x + (jax.nn.softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(rows, length, width) @ w('attn_output')
        h = _norm(x, w('ffn_norm'))
        x = x + (jax.nn.silu(h @ w('ffn_gate')) * (h @ w('ffn_up'))) @ w('ffn_down')
    return _norm(x, weights['output_norm']) @ weights['token_embd'].T


def _loss(weights, tokens, begins, ends):
    """The mean surprise at the tokens of the answers, their end with them."""
    logits = forward(weights, tokens[:, :-1])
    surprise = jax.nn.logsumexp(logits, -1) - jnp.take_along_axis(logits, tokens[:, 1:, None], -1)[..., 0]
    at = jnp.arange(1, tokens.shape[1])[None]
    counts = (at >= begins[:, None]) & (at < ends[:, None])
    return jnp.sum(surprise * counts) / jnp.sum(counts)


def _rate(step, steps, top):
    """Warm-up over 200 steps, then half a cosine down to a hundredth."""
    return top * jnp.minimum((step + 1) / 200, 0.01 + 0.99 * 0.5 * (1 + jnp.cos(math.pi * step / steps)))


@jax.jit
def _learn(weights, moments, step, steps, top, tokens, begins, ends):
    """One step of AdamW, with the gradient's length kept to 1."""
    loss, gradient = jax.value_and_grad(_loss)(weights, tokens, begins, ends)
    length = jnp.sqrt(sum(jnp.sum(g * g) for g in gradient.values()))
    rate, first, second = _rate(step, steps, top), 0.9, 0.98
    new_weights, new_moments = {}, {}
    for name, w in weights.items():
        g = gradient[name] / jnp.maximum(length, 1)
        m, v = first * moments[name][0] + (1 - first) * g, second * moments[name][1] + (1 - second) * g * g
        move = m / (1 - first ** (step + 1)) / (jnp.sqrt(v / (1 - second ** (step + 1))) + 1e-8)
        new_weights[name], new_moments[name] = w - rate * (move + (0.05 * w if w.ndim == 2 and name != 'token_embd' else 0)), (m, v)
    return new_weights, new_moments, loss


def batches(seed, rows):
    """Endless rows of tokens, of like lengths together, with where each answer begins and ends."""
    chance = Chance(seed)
    while True:
        made = []
        while len(made) < rows * 16:
            facts = table(chance)
            asked = [BEGIN, *encode(prompt(facts) + ('\n' if chance.below(5) == 0 else ''))]
            tokens = [*asked, *encode(sentences(facts)), END]
            if len(tokens) <= LONGEST:
                made.append((tokens, len(asked)))
        made.sort(key=lambda one: len(one[0]))
        groups = [made[at:at + rows] for at in range(0, len(made), rows)]
        chance.shuffle(groups)
        for group in groups:
            length = -(-len(group[-1][0]) // ROUND) * ROUND + 1
            yield (np.array([tokens + [END] * (length - len(tokens)) for tokens, _ in group], np.int32), np.array([begin for _, begin in group]), np.array([len(tokens) for tokens, _ in group]))


def train(steps, seed=1, rows=64, top=3e-3, say=print, keep=None, shape=SHAPE):
    """Trains a model. `keep(step, weights)` is called now and then."""
    weights = new_weights(seed, **shape)
    moments = {name: (jnp.zeros_like(w), jnp.zeros_like(w)) for name, w in weights.items()}
    feed, begun, sum_of = batches(seed, rows), time.time(), 0.0
    for step in range(steps):
        weights, moments, loss = _learn(weights, moments, step, steps, top, *next(feed))
        sum_of += float(loss)
        if (step + 1) % 100 == 0:
            say(f'step {step + 1} of {steps}: loss {sum_of / 100:.4f}, {time.time() - begun:.0f} s')
            sum_of = 0.0
        if keep is not None and (step + 1) % 1000 == 0:
            keep(step + 1, weights)
    return weights


def to_gguf(weights, heads=SHAPE['heads'], context=SHAPE['context']):
    """The bytes of the model's file."""
    size, width = weights['token_embd'].shape
    inner, layers = weights['blk.0.ffn_up'].shape[1], sum(name.endswith('attn_q') for name in weights)
    metadata = [
        ('general.architecture', 'string', 'llama'), ('general.name', 'string', 'telar tiny'), ('general.license', 'string', 'mit'),
        ('general.description', 'string', 'States a small table of facts about the weather in one or two sentences, and can do nothing else.'),
        ('llama.context_length', 'uint32', context), ('llama.embedding_length', 'uint32', width), ('llama.block_count', 'uint32', layers), ('llama.feed_forward_length', 'uint32', inner),
        ('llama.attention.head_count', 'uint32', heads), ('llama.attention.head_count_kv', 'uint32', heads), ('llama.attention.layer_norm_rms_epsilon', 'float32', EPSILON),
        ('llama.rope.dimension_count', 'uint32', width // heads), ('llama.rope.freq_base', 'float32', BASE), ('llama.vocab_size', 'uint32', size),
        ('tokenizer.ggml.model', 'string', 'llama'), ('tokenizer.ggml.tokens', 'strings', TOKENS), ('tokenizer.ggml.scores', 'floats', [0.0] * size), ('tokenizer.ggml.token_type', 'integers', TYPES),
        ('tokenizer.ggml.bos_token_id', 'uint32', BEGIN), ('tokenizer.ggml.eos_token_id', 'uint32', END), ('tokenizer.ggml.unknown_token_id', 'uint32', 0),
        ('tokenizer.ggml.add_bos_token', 'bool', True), ('tokenizer.ggml.add_eos_token', 'bool', False), ('tokenizer.ggml.add_space_prefix', 'bool', False),
    ]
    # A matrix of the file is out x in; the table of tokens is so already.
    return ggufs.write(metadata, {f'{name}.weight': np.asarray(w if w.ndim == 1 or name == 'token_embd' else w.T) for name, w in weights.items()})
