/** Pyodide as it comes: says when it is ready, then sums the column `a` of whatever rows it is sent as JSON. */
import { loadPyodide } from 'pyodide';

const pyodide = await loadPyodide();
const sum = pyodide.runPython('import json\nlambda text: str(sum(int(row["a"]) for row in json.loads(text)))') as (text: string) => string;
process.on('message', (text) => { process.send?.(sum(String(text))); });
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
