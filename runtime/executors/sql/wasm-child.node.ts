/** The process that DuckDB-Wasm runs in: it hangs or grows alone. */
import { serve } from './child.node.ts';
import { runWasm } from './wasm-engine.node.ts';

serve(runWasm);
