// Mounts a view in a component of Streamlit: one in each root, shown again with each change of the data.

/**
 * Make the function that Streamlit calls. `trigger` is the value that the view's second argument sets.
 * @param {string} selector of the root @param {new (root: any) => any} View with `show` and `close` @param {string} trigger
 */
export function component(selector, View, trigger) {
  const views = new WeakMap();
  return (/** @type {any} */ component) => {
    const root = component.parentElement.querySelector(selector);
    if (!views.has(root)) views.set(root, new View(root));
    views.get(root).show(component.data, (value) => component.setTriggerValue(trigger, value));
    return () => {
      views.get(root)?.close();
      views.delete(root);
    };
  };
}
