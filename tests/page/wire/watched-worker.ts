// The library's worker, whose uncaught errors are told; see link.ts.
import { watch } from './watched';
import 'anchorite/worker.js';

watch();
