"""Boot: run once, before the snapshot is taken. Imports what notebooks use most, and makes a loader for our own modules."""
import sys
import types

import abc, argparse, array, ast, asyncio, base64, binascii, bisect, builtins, calendar, cmath, codecs, collections.abc, contextlib, copy, csv, dataclasses, datetime  # noqa: E401
import decimal, difflib, enum, fnmatch, fractions, functools, gc, glob, hashlib, heapq, html, importlib.util, inspect, io, itertools, json, linecache, locale, logging, math  # noqa: E401
import numbers, operator, os, pathlib, pickle, pprint, random, re, reprlib, secrets, shutil, statistics, string, struct, tempfile, textwrap, time, traceback, typing  # noqa: E401
import unicodedata, urllib.parse, uuid, warnings, weakref, zipfile, zlib, zoneinfo  # noqa: E401

_package = sys.modules['_telar'] = types.ModuleType('_telar')
_package.__path__ = []


def _load(name, source):
    module = sys.modules[f'_telar.{name}'] = types.ModuleType(f'_telar.{name}')
    setattr(_package, name, module)
    exec(compile(source, f'_telar/{name}.py', 'exec'), module.__dict__)
    if name == 'table':
        public = sys.modules['telar'] = types.ModuleType('telar', module.__doc__)
        public.Table, public.Exact = module.Table, sys.modules['_telar.values'].Exact
