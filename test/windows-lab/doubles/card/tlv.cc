#include "card/tlv.h"

#include <windows.h>
#include <winscard.h>

#include "common/status_error.h"

namespace lab {
namespace {

/** Walks over a sequence of objects; every step checks that the bytes are there. */
class Reader {
 public:
  explicit Reader(const Bytes& bytes) : bytes_(bytes) {}

  bool AtEnd() const { return at_ == bytes_.size(); }

  uint8_t Byte() {
    Require(at_ < bytes_.size(), static_cast<uint32_t>(SCARD_E_UNEXPECTED));
    return bytes_[at_++];
  }

  uint32_t Tag() {
    uint32_t tag = Byte();
    if ((tag & 0x1F) == 0x1F) tag = tag << 8 | Byte();
    return tag;
  }

  size_t Length() {
    const uint8_t first = Byte();
    if (first < 0x80) return first;
    size_t length = 0;
    for (int left = first & 0x7F; left > 0; left--) length = length << 8 | Byte();
    return length;
  }

  Bytes Value() {
    const size_t length = Length();
    Require(length <= bytes_.size() - at_, static_cast<uint32_t>(SCARD_E_UNEXPECTED));
    const auto start = bytes_.begin() + at_;
    at_ += length;
    return Bytes(start, start + length);
  }

 private:
  const Bytes& bytes_;
  size_t at_ = 0;
};

}  // namespace

Bytes Tlv(uint32_t tag, const Bytes& value) {
  Bytes out;
  if (tag > 0xFF) out.push_back(static_cast<uint8_t>(tag >> 8));
  out.push_back(static_cast<uint8_t>(tag));
  const size_t size = value.size();
  if (size > 0xFF) {
    out.push_back(0x82);
    out.push_back(static_cast<uint8_t>(size >> 8));
  } else if (size > 0x7F) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<uint8_t>(size));
  return out + value;
}

std::optional<Bytes> FindTlv(const Bytes& objects, uint32_t tag) {
  Reader reader(objects);
  while (!reader.AtEnd()) {
    const uint32_t found = reader.Tag();
    Bytes value = reader.Value();
    if (found == tag) return value;
  }
  return std::nullopt;
}

}  // namespace lab
