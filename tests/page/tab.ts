// Runs in a frame that stands for a tab: has the library, and gives it to the page that made the
// frame. It must not know tests.
import { open } from 'anchorite';
import { migrate } from 'anchorite/migrations';
import type { FrameElement } from './tabs';

(frameElement as FrameElement).opened?.({ open, migrate });
