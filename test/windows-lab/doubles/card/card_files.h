#pragma once

#include <optional>
#include <string>
#include <vector>

#include "card/card_edge.h"

namespace lab {

/** One record of the container map `mscp\cmapfile` (86 bytes on the card). */
struct Container {
  std::wstring name;
  bool isValid;
  bool isDefault;
  uint16_t signatureBits;
  uint16_t keyExchangeBits;
};

/** One record of the key map: the key that a container has. */
struct KeyMapEntry {
  uint8_t algorithm;
  bool mayDecrypt;
};

/** The files of Windows' smart card file system, over the card's data objects. */
class CardFiles {
 public:
  explicit CardFiles(CardEdge& edge) : edge_(edge) {}

  /** `\cardid`, 16 bytes. Throws StatusError(SCARD_E_FILE_NOT_FOUND) on a card without file system.
   */
  Bytes ReadCardId();

  std::vector<Container> ReadContainers();
  /** Writes the map and counts `\cardcf` on, so that other programs read anew. */
  void WriteContainers(const std::vector<Container>& containers);

  /** By container; nothing for one without a key. */
  std::vector<std::optional<KeyMapEntry>> ReadKeyMap();
  void WriteKeyMapEntry(size_t container, const std::optional<KeyMapEntry>& entry);

  /** The certificate of a container, DER. */
  std::optional<Bytes> ReadCertificate(size_t container, bool isKeyExchange);
  void WriteCertificate(size_t container, bool isKeyExchange, const Bytes& certificate);
  /** Does nothing when there is none. */
  void DeleteCertificate(size_t container, bool isKeyExchange);

 private:
  /** Where the directory says that a file of mscp is. */
  struct Place {
    uint16_t file;
    uint16_t object;
  };
  std::optional<Place> Find(const std::string& name);
  Place Add(const std::string& name);
  void Remove(const std::string& name);
  void CountFileChange(bool isContainerChange);

  CardEdge& edge_;
};

}  // namespace lab
