/**
 * What each code of a finding means, for somebody who sees it for the first time: what it is, why it matters, how to mend it. The one
 * table from which SARIF's rules and the comment that teaches are written; the type sees to it that no code is left out.
 */
import type { ProblemCode } from '../../../../contracts/errors.ts';

/** A lesson. */
export interface Lesson { readonly title: string; readonly why: string; readonly mend: string }

/** Files that cannot be read, which `check` tells with an error's code. */
type FileCode = 'bad-file' | 'unreadable' | 'newer-generation' | 'refused' | 'usage' | 'internal';

const LESSONS: Readonly<Record<ProblemCode | FileCode, Lesson>> = {
  'missing-name': { title: 'A name that nothing defines', why: 'A name is a wire. A wire without a source has no value, so this part and all that reads it cannot be done.', mend: 'Correct the name (the message has the nearest one), or add what should define it.' },
  'ambiguous-name': { title: 'A name that several define', why: 'Which one is meant would depend on the order of the page, and order means nothing here.', mend: 'Say which: `in.NAME=NODE` on the fence of the reader. Or give one of the definers another name.' },
  'cycle': { title: 'A ring', why: 'What needs its own result can never be begun. Of contracts: none of them could be written or tested first.', mend: 'Take out the edge that the message names, or move what both sides need into a third place.' },
  'duplicate-id': { title: 'One id, borne twice', why: 'An id is how others name a thing, and how its results are found again; two bearers make both unreachable.', mend: 'Give each its own id, and correct those who meant the second one.' },
  'unknown-kind': { title: 'A kind that is not known', why: 'Telar does not know what to do with the fence, so it is not run.', mend: 'Correct the word after the dot, or take the `#id` away if the fence is an example only.' },
  'unknown-key': { title: 'A key that means nothing here', why: 'It would be silently without effect, and you would believe that it works.', mend: 'Correct its spelling (the message has the nearest one), or take it out.' },
  'syntax': { title: 'A text that cannot be parsed', why: 'What cannot be read cannot be checked or run; the rest of the file is still used.', mend: 'Go to the line and column; the fault is there or just before it.' },
  'rebinding': { title: 'A name that is read and bound anew', why: 'It would depend on itself; what it starts from has to be said.', mend: 'Write `in.NAME=NODE` on the fence, or bind another name.' },
  'bad-value': { title: 'A value that does not fit its key', why: 'The key is known, but what stands there is none of what it takes, so it cannot do what you want.', mend: 'Write a value of the form that the message shows.' },
  'missing-key': { title: 'A key that is needed', why: 'Without it there is not enough to go on.', mend: 'Add the key; the message says which, and what it holds.' },
  'front-matter': { title: 'Front matter that is not right', why: 'The head of the file says how all of it is read.', mend: 'Correct the lines between the two `---` at the top.' },
  'generation': { title: 'A file of another generation', why: 'A later format may mean other things by the same words.', mend: 'Read it with the release that the message names, or correct `telar:`.' },
  'conflict': { title: 'Marks of a merge', why: 'Two versions stand in the file, and nobody has chosen.', mend: 'Keep one side of each, and take the marks `<<<<<<<`, `=======`, `>>>>>>>` out.' },
  'missing-file': { title: 'A file that is not there', why: 'What reads it has nothing to read. Paths count from the file that names them.', mend: 'Correct the path, or add the file to the repository.' },
  'not-utf8': { title: 'A file that is not UTF-8', why: 'Its characters would be guessed, and guessed wrong on another machine.', mend: 'Save it as UTF-8.' },
  'bad-id': { title: 'An id that is none', why: 'Ids are names in code, so they keep to a form.', mend: 'Begin with a small letter; go on with small letters, digits and `_`.' },
  'cross-language': { title: 'A function in another language', why: 'A function lives in its own language and cannot cross.', mend: 'Pass what it returns, or write the reader in the same language.' },
  'star-import': { title: 'An import of everything', why: 'Which names it brings is known only when it runs, so wires cannot be drawn from it.', mend: 'Name what is imported.' },
  'undeclared-write': { title: 'A variable that is never declared', why: 'It fails when it runs.', mend: 'Write `let` or `const` before its first use.' },
  'unwired-input': { title: 'An input without a wire', why: 'The nested notebook needs a value that nobody gives.', mend: 'Write `in.NAME=NODE`, or give the input a default.' },
  'unavailable': { title: 'Something that is not on this machine', why: 'The rest runs; this part cannot, here.', mend: 'Do what the message says; `telar doctor` tells what works here.' },
  'type-mismatch': { title: 'A value of the wrong type', why: 'What gives it and what takes it do not agree.', mend: 'Change one of the two, or convert in between.' },
  'not-in-generation': { title: 'Something that a later version brings', why: 'It is known, and this version does not do it.', mend: 'Take it out for now.' },
  'pending': { title: 'A line of a contract that nothing can check yet', why: 'A line that is not executable is a hope, not a promise. It is never green, and its contract cannot be verified.', mend: 'Write it as an expression (`f(1) === 2`) or a step (`f returns 2`), accept the idiom or a check of it with `telar contract accept`, or waive it with a reason.' },
  'drifted': { title: 'A contract and its code that have drifted apart', why: 'What was verified is not what is here now; nobody knows whether the code still keeps the contract.', mend: 'Run `telar contract test`. When it is green, commit the lock that it writes.' },
  'version-too-low': { title: 'A version that says less than the difference', why: 'Who asked for `^1.2` trusts that 1.3 breaks nothing. An interface that changed under the same number breaks them without a word.', mend: 'Raise `metadata.version` to what the message says, or undo the change of the interface.' },
  'bad-file': { title: 'A file that cannot be read', why: 'Nothing of it could be checked.', mend: 'Look at the message: rights, kind, or content of the file.' },
  'unreadable': { title: 'A file that cannot be read', why: 'Nothing of it could be checked.', mend: 'Look at the message.' },
  'newer-generation': { title: 'A file of a later Telar', why: 'It may mean other things by the same words.', mend: 'Use the release that the message names.' },
  'refused': { title: 'A path that leads out of the workspace', why: 'A notebook reads beside itself and nowhere else, unless somebody allows it.', mend: 'Move the file into the workspace, or name the workspace by `--workspace`.' },
  'usage': { title: 'A path that is not right', why: 'There was nothing to check.', mend: 'Name a notebook, a contract, or a folder that has some.' },
  'internal': { title: 'A fault of Telar', why: 'This should not happen, whatever the file says.', mend: 'Report it, with the file if you may.' },
};

/** The lesson of a code; one for all where a code is new here. */
export function lessonOf(code: string): Lesson {
  return Object.hasOwn(LESSONS, code) ? LESSONS[code as keyof typeof LESSONS] : { title: code, why: 'See the message.', mend: 'See the message.' };
}
