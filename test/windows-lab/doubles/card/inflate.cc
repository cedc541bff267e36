#include "card/inflate.h"

#include <windows.h>
#include <winscard.h>

#include <algorithm>

#include "common/status_error.h"

namespace lab {
namespace {

constexpr int kLongestCode = 15;
constexpr uint32_t kCorrupt = static_cast<uint32_t>(SCARD_E_UNEXPECTED);

/** Bits of a deflate stream (RFC 1951), least significant first. */
class BitReader {
 public:
  BitReader(const Bytes& bytes, size_t start) : bytes_(bytes), at_(start) {}

  uint32_t Bits(int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; i++) value |= Bit() << i;
    return value;
  }

  uint32_t Bit() {
    if (left_ == 0) {
      current_ = Byte();
      left_ = 8;
    }
    const uint32_t bit = current_ & 1;
    current_ >>= 1;
    left_--;
    return bit;
  }

  void DropRestOfByte() { left_ = 0; }

  uint8_t Byte() {
    Require(at_ < bytes_.size(), kCorrupt);
    return bytes_[at_++];
  }

 private:
  const Bytes& bytes_;
  size_t at_;
  uint8_t current_ = 0;
  int left_ = 0;
};

/** A canonical Huffman code, given by the lengths of its symbols' codes. */
class Huffman {
 public:
  explicit Huffman(const std::vector<uint8_t>& lengths) {
    for (const uint8_t length : lengths) counts_[length]++;
    counts_[0] = 0;
    for (int length = 1; length <= kLongestCode; length++) {
      for (size_t symbol = 0; symbol < lengths.size(); symbol++) {
        if (lengths[symbol] == length) symbols_.push_back(static_cast<uint16_t>(symbol));
      }
    }
  }

  int Decode(BitReader& in) const {
    int code = 0;
    int first = 0;
    int index = 0;
    for (int length = 1; length <= kLongestCode; length++) {
      code |= static_cast<int>(in.Bit());
      const int count = counts_[length];
      if (code - first < count) return symbols_[index + code - first];
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw StatusError(kCorrupt);
  }

 private:
  int counts_[kLongestCode + 1] = {};
  std::vector<uint16_t> symbols_;
};

class Inflater {
 public:
  Inflater(const Bytes& stream, size_t size) : in_(stream, 2), limit_(size) {}

  Bytes Run() {
    for (bool last = false; !last;) {
      last = in_.Bit();
      switch (in_.Bits(2)) {
        case 0:
          Stored();
          break;
        case 1:
          Fixed();
          break;
        case 2:
          Dynamic();
          break;
        default:
          throw StatusError(kCorrupt);
      }
    }
    Require(out_.size() == limit_, kCorrupt);
    return std::move(out_);
  }

 private:
  void Put(uint8_t byte) {
    Require(out_.size() < limit_, kCorrupt);
    out_.push_back(byte);
  }

  void Stored() {
    in_.DropRestOfByte();
    const uint32_t length = in_.Byte() | in_.Byte() << 8;
    const uint32_t complement = in_.Byte() | in_.Byte() << 8;
    Require((length ^ complement) == 0xFFFF, kCorrupt);
    for (uint32_t i = 0; i < length; i++) Put(in_.Byte());
  }

  void Fixed() {
    std::vector<uint8_t> lengths(288, 8);
    std::fill(lengths.begin() + 144, lengths.begin() + 256, 9);
    std::fill(lengths.begin() + 256, lengths.begin() + 280, 7);
    Compressed(Huffman(lengths), Huffman(std::vector<uint8_t>(30, 5)));
  }

  void Dynamic() {
    const size_t literals = in_.Bits(5) + 257;
    const size_t distances = in_.Bits(5) + 1;
    const uint32_t codes = in_.Bits(4) + 4;
    static const uint8_t kOrder[] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                     11, 4,  12, 3, 13, 2, 14, 1, 15};
    std::vector<uint8_t> codeLengths(19, 0);
    for (uint32_t i = 0; i < codes; i++) codeLengths[kOrder[i]] = in_.Bits(3);
    const Huffman lengthCode(codeLengths);
    std::vector<uint8_t> lengths;
    while (lengths.size() < literals + distances) AppendLengths(lengthCode, lengths);
    Require(lengths.size() == literals + distances, kCorrupt);
    const auto middle = lengths.begin() + literals;
    Compressed(Huffman({lengths.begin(), middle}), Huffman({middle, lengths.end()}));
  }

  void AppendLengths(const Huffman& code, std::vector<uint8_t>& lengths) {
    const int symbol = code.Decode(in_);
    if (symbol < 16) {
      lengths.push_back(static_cast<uint8_t>(symbol));
      return;
    }
    Require(symbol != 16 || !lengths.empty(), kCorrupt);
    const uint8_t repeated = symbol == 16 ? lengths.back() : 0;
    const uint32_t count = symbol == 16   ? 3 + in_.Bits(2)
                           : symbol == 17 ? 3 + in_.Bits(3)
                                          : 11 + in_.Bits(7);
    lengths.insert(lengths.end(), count, repeated);
  }

  void Compressed(const Huffman& literals, const Huffman& distances) {
    static const uint16_t kLength[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                       15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                       67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t kLengthBits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t kDistance[] = {
        1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
        193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    for (;;) {
      const int symbol = literals.Decode(in_);
      if (symbol == 256) return;
      if (symbol < 256) {
        Put(static_cast<uint8_t>(symbol));
        continue;
      }
      Require(symbol <= 285, kCorrupt);
      const uint32_t length = kLength[symbol - 257] + in_.Bits(kLengthBits[symbol - 257]);
      const int slot = distances.Decode(in_);
      Require(slot < 30, kCorrupt);
      const size_t distance = kDistance[slot] + in_.Bits(slot < 4 ? 0 : slot / 2 - 1);
      Require(distance <= out_.size(), kCorrupt);
      for (uint32_t i = 0; i < length; i++) Put(out_[out_.size() - distance]);
    }
  }

  BitReader in_;
  const size_t limit_;
  Bytes out_;
};

uint32_t Adler32(const Bytes& data) {
  uint32_t a = 1;
  uint32_t b = 0;
  for (const uint8_t byte : data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

uint32_t BigEndian32(const uint8_t* at) {
  return static_cast<uint32_t>(at[0]) << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

}  // namespace

Bytes Inflate(const Bytes& stream, size_t size) {
  // Two bytes of header, no preset dictionary, and four bytes of checksum at the end.
  Require(stream.size() > 6 && (stream[0] & 15) == 8 && !(stream[1] & 0x20), kCorrupt);
  Bytes data = Inflater(stream, size).Run();
  Require(BigEndian32(stream.data() + stream.size() - 4) == Adler32(data), kCorrupt);
  return data;
}

Bytes Store(const Bytes& data) {
  Bytes out = {0x78, 0x01};
  constexpr size_t kLongestBlock = 0xFFFF;
  size_t at = 0;
  do {
    const size_t length = std::min(kLongestBlock, data.size() - at);
    out.push_back(at + length == data.size() ? 1 : 0);
    AppendLittleEndian(out, static_cast<uint32_t>(length), 2);
    AppendLittleEndian(out, ~static_cast<uint32_t>(length), 2);
    out.insert(out.end(), data.begin() + at, data.begin() + at + length);
    at += length;
  } while (at < data.size());
  const uint32_t sum = Adler32(data);
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(sum >> shift));
  return out;
}

}  // namespace lab
