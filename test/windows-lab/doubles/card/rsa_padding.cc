#include "card/rsa_padding.h"

#include <algorithm>

namespace lab {
namespace {

/** XORs MGF1's mask of `seed` onto `target`. */
void Mask(Hash hash, const Bytes& seed, Bytes& target) {
  size_t at = 0;
  for (uint32_t counter = 0; at < target.size(); counter++) {
    Bytes input = seed;
    for (int shift = 24; shift >= 0; shift -= 8) {
      input.push_back(static_cast<uint8_t>(counter >> shift));
    }
    for (const uint8_t byte : Digest(hash, input)) {
      if (at < target.size()) target[at++] ^= byte;
    }
  }
}

}  // namespace

Bytes EncodePss(Hash hash, const Bytes& digest, size_t saltLength, size_t size) {
  const Bytes salt = RandomBytes(saltLength);
  const Bytes h = Digest(hash, Bytes(8, 0) + digest + salt);
  Bytes block(size - h.size() - 1 - salt.size() - 1, 0);
  block.push_back(0x01);
  block = block + salt;
  Mask(hash, h, block);
  // One bit less than the modulus has: the moduli here are a multiple of 8 bits long.
  block.front() &= 0x7F;
  return block + h + Bytes{0xBC};
}

std::optional<Bytes> DecodeOaep(Hash hash, const Bytes& label, const Bytes& block) {
  const size_t length = HashLength(hash);
  if (block.size() < 2 * length + 2) return std::nullopt;
  Bytes seed(block.begin() + 1, block.begin() + 1 + length);
  Bytes data(block.begin() + 1 + length, block.end());
  Mask(hash, data, seed);
  Mask(hash, seed, data);
  const Bytes labelHash = Digest(hash, label);
  const auto content = data.begin() + length;
  const auto one = std::find_if(content, data.end(), [](uint8_t byte) { return byte != 0; });
  const bool valid = block.front() == 0 &&
                     std::equal(labelHash.begin(), labelHash.end(), data.begin()) &&
                     one != data.end() && *one == 1;
  if (!valid) return std::nullopt;
  return Bytes(one + 1, data.end());
}

}  // namespace lab
