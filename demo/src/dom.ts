/**
 * Elements, made from values and never from HTML. Used by every file that shows something.
 * Must not know what is shown.
 */

/** Attributes by name; a boolean one is set or left out, but for `aria-…`. */
export type Props = Readonly<
  Record<string, string | number | boolean | undefined | ((event: never) => void)>
>;

export type Child = Node | string | undefined;

/** Makes an element; `on…` is a listener. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) set(element, name, value);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

function set(element: HTMLElement, name: string, value: Props[string]): void {
  if (typeof value === 'function') {
    element.addEventListener(name.replace(/^on/, ''), value as (event: Event) => void);
  } else if (name.startsWith('aria-') && value !== undefined) {
    element.setAttribute(name, String(value));
  } else if (value !== undefined && value !== false) {
    element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** A button that does `act`. */
export function button(label: string, act: () => void, props: Props = {}): HTMLButtonElement {
  return h('button', { type: 'button', onclick: act, ...props }, label);
}

/** One of several, by value and words. */
export function options(
  choices: readonly (readonly [value: string, words: string])[],
): HTMLOptionElement[] {
  return choices.map(([value, words]) => new Option(words, value));
}

/**
 * Draws what is in `host` anew; whoever was in it is where they were, by `data-testid`, or else at
 * the first button.
 */
export function redraw(host: HTMLElement, ...content: Node[]): void {
  const { activeElement } = document;
  const held = activeElement instanceof HTMLElement && host.contains(activeElement);
  const testid = held ? activeElement.dataset['testid'] : undefined;
  host.replaceChildren(...content);
  if (!held) return;
  const all = [...host.querySelectorAll<HTMLElement>('button, summary')];
  const same = testid && all.find((element) => element.dataset['testid'] === testid);
  (same || all[0])?.focus();
}

/** Finds an element that index.html is sure to hold. */
export function find<E extends HTMLElement>(id: string, type: abstract new () => E): E {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} “${id}”.`);
  return element;
}
