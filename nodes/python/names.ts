/** Names that Python 3.14 brings along. A test compares the list with the interpreter's own. */

const EXCEPTIONS = `ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError BrokenPipeError
BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError ConnectionResetError
DeprecationWarning EOFError EncodingWarning EnvironmentError Exception ExceptionGroup FileExistsError FileNotFoundError
FloatingPointError FutureWarning GeneratorExit IOError ImportError ImportWarning IndentationError IndexError InterruptedError
IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError NotADirectoryError
NotImplementedError OSError OverflowError PendingDeprecationWarning PermissionError ProcessLookupError PythonFinalizationError
RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration StopIteration SyntaxError SyntaxWarning
SystemError SystemExit TabError TimeoutError TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError
UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning ZeroDivisionError _IncompleteInputError`;

const FUNCTIONS = `Ellipsis False None NotImplemented True __build_class__ __debug__ __import__ abs aiter all anext any ascii bin bool
breakpoint bytearray bytes callable chr classmethod compile complex delattr dict dir divmod enumerate eval exec filter float format
frozenset getattr globals hasattr hash hex id input int isinstance issubclass iter len list locals map max memoryview min next object
oct open ord pow print property range repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip`;

/** Attributes that every module has. */
const MODULE = '__annotations__ __builtins__ __doc__ __file__ __loader__ __name__ __package__ __spec__';

/** The builtins, and the names that a module always has. */
export const BUILTINS: ReadonlySet<string> = new Set(`${EXCEPTIONS} ${FUNCTIONS} ${MODULE}`.split(/\s+/));

/** What `site` adds for people at a prompt: a node may well be called so, and nothing is wrong when none is. */
export const SITE: ReadonlySet<string> = new Set(['copyright', 'credits', 'exit', 'help', 'license', 'quit']);
