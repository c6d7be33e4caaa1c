/**
 * Which addresses a notification may go to. A notify_url comes from a merchant and the request leaves from inside the
 * operator's network, so only addresses of the public Internet are let through: server-side request forgery through
 * notify_url is a known hole of payment gateways.
 *
 * The rule is a list of what is allowed, not of what is refused: IPv4 and IPv6 unicast as the IANA special-purpose
 * registries leave it. Every form of IPv6 that carries an IPv4 address inside is refused as a whole, but for NAT64's well-known
 * prefix: behind DNS64 it is the only way to reach an IPv4 merchant, and the address inside is held against the IPv4 rule.
 */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export interface AddressRules {
  /** True in the sandbox alone: 127.0.0.0/8 and ::1 are allowed. */
  readonly allow_loopback: boolean;
}

/** Public by the registries, but answered by the cloud's own control plane inside Azure. */
const CLOUD_CONTROL_ADDRESSES: ReadonlySet<string> = new Set(['168.63.129.16']);

/** The only block of IPv6 that IANA hands out as global unicast. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
const IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR('::/96');
/** RFC 6052: the address inside is the last 32 bits. The local-use prefix 64:ff9b:1::/48 (RFC 8215) is refused. */
const NAT64_WELL_KNOWN = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/**
 * Checks one address that a host name resolved to, or that a URL names.
 *
 * @param address IPv4 in dotted decimal or IPv6 text, without brackets.
 * @returns null when a notification may be sent there, else the range that forbids it: `private`, `linkLocal`, `not_an_address` …
 */
export function refusedRange(address: string, rules: AddressRules): string | null {
  const family = isIP(address);
  if (family === 4) return refusedIpv4(ipaddr.IPv4.parse(address), rules);
  // Before it is parsed: not every name of a zone that is one to the system is one to the parser (eth0.100).
  if (family === 6 && address.includes('%')) return 'scoped';
  if (family === 6) return refusedIpv6(ipaddr.IPv6.parse(address), rules);
  return 'not_an_address';
}

function refusedIpv4(address: ipaddr.IPv4, rules: AddressRules): string | null {
  const range = address.range();
  if (range === 'loopback' && rules.allow_loopback) return null;
  if (CLOUD_CONTROL_ADDRESSES.has(address.toString())) return 'cloud_control';
  return range === 'unicast' ? null : range;
}

function refusedIpv6(address: ipaddr.IPv6, rules: AddressRules): string | null {
  const range = address.range();
  if (range === 'loopback' && rules.allow_loopback) return null;
  if (address.match(NAT64_WELL_KNOWN)) return refusedInsideNat64(address);
  if (range !== 'unicast') return range;
  if (address.match(IPV4_COMPATIBLE)) return 'ipv4Compatible';
  if (!address.match(GLOBAL_UNICAST)) return 'unassigned';
  return isIsatap(address) ? 'isatap' : null;
}

/** Loopback is never allowed by this way: no sandbox needs it. */
function refusedInsideNat64(address: ipaddr.IPv6): string | null {
  const embedded = new ipaddr.IPv4(address.toByteArray().slice(12));
  const range = refusedIpv4(embedded, { allow_loopback: false });
  return range === null ? null : `nat64_${range}`;
}

/** RFC 5214: an interface identifier of 0000:5efe or 0200:5efe and an IPv4 address, under any prefix. */
function isIsatap(address: ipaddr.IPv6): boolean {
  const [, , , , universal, marker] = address.parts;
  return marker === 0x5efe && universal !== undefined && (universal & 0xfdff) === 0;
}
