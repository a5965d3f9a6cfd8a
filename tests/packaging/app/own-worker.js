// A stranger's worker with a function that SQL calls. Started by main.js.
import { serve } from 'anchorite/worker';

serve({ functions: { twice: (value) => 2 * value } });
