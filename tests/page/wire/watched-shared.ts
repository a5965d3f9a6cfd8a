// The library's SharedWorker, whose uncaught errors are told; see link.ts.
import { watch } from './watched';
import 'anchorite/shared.js';

watch();
