"""Names for addresses, under the contract SLUG-001."""
import re
import unicodedata

from .register import add


def slug(title, most=60):
    """A title as lower-case words with hyphens between them."""
    text = unicodedata.normalize('NFKD', title)
    words = re.findall('[a-z0-9]+', re.sub('[\u0300-\u036f]', '', text).lower())
    if not words:
        raise ValueError('The title has no letter and no digit.')
    made = words[0][:most]
    for word in words[1:]:
        if len(made) + 1 + len(word) > most:
            break
        made = made + '-' + word
    return made


def remember(title):
    """Tells the register of a slug."""
    made = slug(title)
    add(made, {'title': title, 'new': True})
    return made
