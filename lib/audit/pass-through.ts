/** Methods in place of an object's own. */
type Replacements<T> = { [Name in keyof T]?: T[Name] };

/**
 * An object that is another one in everything but some methods. What the other has besides is passed
 * on, so that nothing that it learns later is lost behind this one.
 */
export function withMethods<T extends object>(target: T, methods: Replacements<T>): T {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name);
      const value: unknown = Reflect.get(target, name, target);
      // Private fields are the target's own.
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
