/**
 * The three `Reflect` functions that tsyringe, inside @peculiar/x509, insists on before it loads (its README, "Reflect
 * Polyfill Required"). Import this file before @peculiar/x509. It leaves an existing polyfill alone.
 */

type MetadataReflect = typeof Reflect & {
  getMetadata?(key: unknown, target: object): unknown;
  getOwnMetadata?(key: unknown, target: object): unknown;
  defineMetadata?(key: unknown, value: unknown, target: object): void;
};

const reflect = Reflect as MetadataReflect;

if (!reflect.getMetadata) {
  const metadata = new WeakMap<object, Map<unknown, unknown>>();
  reflect.defineMetadata = (key, value, target) => {
    const own = metadata.get(target) ?? new Map<unknown, unknown>();
    own.set(key, value);
    metadata.set(target, own);
  };
  reflect.getOwnMetadata = (key, target) => metadata.get(target)?.get(key);
  reflect.getMetadata = (key, target) => {
    for (let owner: object | null = target; owner; owner = Object.getPrototypeOf(owner) as object | null) {
      const own = metadata.get(owner);
      if (own?.has(key)) return own.get(key);
    }
    return undefined;
  };
}
