#include "card/card_files.h"

#include <windows.h>
#include <winscard.h>

#include <algorithm>
#include <cstdio>

#include "card/inflate.h"
#include "common/status_error.h"

namespace lab {
namespace {

constexpr uint16_t kDirectoryFile = 0xA000;
constexpr uint16_t kUserFile = 0xA010;
constexpr uint16_t kAdminFile = 0xA012;
constexpr uint16_t kMasterObject = 0xDF1F;
constexpr uint16_t kKeyMapObject = 0xDF20;
constexpr uint16_t kCardIdObject = 0xDF20;
constexpr uint16_t kCardCfObject = 0xDF22;
constexpr uint16_t kContainerMapObject = 0xDF23;
constexpr uint16_t kFirstFreeObject = 0xDF24;

constexpr size_t kMasterRecord = 28;
constexpr size_t kNameLength = 9;
constexpr size_t kKeyMapRecord = 12;
constexpr size_t kContainerRecord = 86;
constexpr size_t kContainerNameUnits = 40;
constexpr uint8_t kValidFlag = 1;
constexpr uint8_t kDefaultFlag = 2;
constexpr uint8_t kSignAndDecrypt = 0x9A;
constexpr uint8_t kSignOnly = 0x9C;

constexpr uint32_t kNotFound = static_cast<uint32_t>(SCARD_E_FILE_NOT_FOUND);
constexpr uint32_t kCorrupt = static_cast<uint32_t>(SCARD_E_UNEXPECTED);

/** A file name as the directory has it: ASCII in nine bytes, the rest zero. */
Bytes DirectoryName(const std::string& name) {
  Bytes field(name.begin(), name.end());
  field.resize(kNameLength);
  return field;
}

std::string CertificateName(size_t container, bool isKeyExchange) {
  char name[kNameLength];
  std::snprintf(name, sizeof name, "%s%02u", isKeyExchange ? "kxc" : "ksc",
                static_cast<unsigned>(container));
  return name;
}

Bytes MasterRecord(const std::string& name, uint16_t object) {
  Bytes record = DirectoryName("mscp") + DirectoryName(name);
  AppendLittleEndian(record, 0, 2);
  AppendLittleEndian(record, object, 4);
  AppendLittleEndian(record, kUserFile, 4);
  return record;
}

/** Checks the version byte in front of the records. */
Bytes Records(const std::optional<Bytes>& value, size_t size) {
  if (!value || value->empty()) return {};
  Require(value->front() == 1 && (value->size() - 1) % size == 0, kCorrupt);
  return Bytes(value->begin() + 1, value->end());
}

Container ParseContainer(const uint8_t* record) {
  Container container = {};
  for (size_t i = 0; i < kContainerNameUnits; i++) {
    const wchar_t unit = LittleEndian16(record + 2 * i);
    if (unit == 0) break;
    container.name.push_back(unit);
  }
  const uint8_t flags = record[80];
  container.isValid = flags & kValidFlag;
  container.isDefault = flags & kDefaultFlag;
  container.signatureBits = LittleEndian16(record + 82);
  container.keyExchangeBits = LittleEndian16(record + 84);
  return container;
}

Bytes ContainerRecord(const Container& container) {
  Bytes record;
  for (const wchar_t unit : container.name) AppendLittleEndian(record, unit, 2);
  record.resize(2 * kContainerNameUnits);
  record.push_back(static_cast<uint8_t>((container.isValid ? kValidFlag : 0) |
                                        (container.isDefault ? kDefaultFlag : 0)));
  record.push_back(0);
  AppendLittleEndian(record, container.signatureBits, 2);
  AppendLittleEndian(record, container.keyExchangeBits, 2);
  return record;
}

}  // namespace

Bytes CardFiles::ReadCardId() {
  const std::optional<Bytes> id = edge_.ReadObject(kAdminFile, kCardIdObject);
  Require(id && id->size() == 16, kNotFound);
  return *id;
}

std::vector<Container> CardFiles::ReadContainers() {
  const std::optional<Bytes> map = edge_.ReadObject(kUserFile, kContainerMapObject);
  Require(map.has_value(), kNotFound);
  Require(map->size() % kContainerRecord == 0, kCorrupt);
  std::vector<Container> containers;
  for (size_t at = 0; at < map->size(); at += kContainerRecord) {
    containers.push_back(ParseContainer(map->data() + at));
  }
  return containers;
}

void CardFiles::WriteContainers(const std::vector<Container>& containers) {
  Bytes map;
  for (const Container& container : containers) map = map + ContainerRecord(container);
  edge_.WriteObject(kUserFile, kContainerMapObject, map);
  CountFileChange(true);
}

std::vector<std::optional<KeyMapEntry>> CardFiles::ReadKeyMap() {
  const Bytes records = Records(edge_.ReadObject(kDirectoryFile, kKeyMapObject), kKeyMapRecord);
  std::vector<std::optional<KeyMapEntry>> entries;
  for (size_t at = 0; at < records.size(); at += kKeyMapRecord) {
    const uint8_t* const record = records.data() + at;
    std::optional<KeyMapEntry> entry;
    if (LittleEndian32(record) == 1) entry = {record[4], record[5] == kSignAndDecrypt};
    entries.push_back(entry);
  }
  return entries;
}

void CardFiles::WriteKeyMapEntry(size_t container, const std::optional<KeyMapEntry>& entry) {
  Bytes records = Records(edge_.ReadObject(kDirectoryFile, kKeyMapObject), kKeyMapRecord);
  records.resize(std::max(records.size(), (container + 1) * kKeyMapRecord));
  Bytes record;
  if (entry) {
    AppendLittleEndian(record, 1, 4);
    record.push_back(entry->algorithm);
    record.push_back(entry->mayDecrypt ? kSignAndDecrypt : kSignOnly);
    AppendLittleEndian(record, 0xB081 + static_cast<uint32_t>(container), 2);
    AppendLittleEndian(record, 0xFFFF, 2);
  }
  record.resize(kKeyMapRecord);
  std::copy(record.begin(), record.end(), records.begin() + container * kKeyMapRecord);
  edge_.WriteObject(kDirectoryFile, kKeyMapObject, Bytes{1} + records);
}

std::optional<Bytes> CardFiles::ReadCertificate(size_t container, bool isKeyExchange) {
  const std::optional<Place> place = Find(CertificateName(container, isKeyExchange));
  if (!place) return std::nullopt;
  const std::optional<Bytes> content = edge_.ReadObject(place->file, place->object);
  if (!content || content->empty()) return std::nullopt;
  // 01 00, the length before compression, a zlib stream.
  Require(content->size() > 4 && LittleEndian16(content->data()) == 1, kCorrupt);
  return Inflate(Bytes(content->begin() + 4, content->end()), LittleEndian16(content->data() + 2));
}

void CardFiles::WriteCertificate(size_t container, bool isKeyExchange, const Bytes& certificate) {
  Require(certificate.size() <= 0xFFFF, static_cast<uint32_t>(SCARD_E_INVALID_PARAMETER));
  const std::string name = CertificateName(container, isKeyExchange);
  const std::optional<Place> found = Find(name);
  const Place place = found ? *found : Add(name);
  Bytes content;
  AppendLittleEndian(content, 1, 2);
  AppendLittleEndian(content, static_cast<uint32_t>(certificate.size()), 2);
  edge_.WriteObject(place.file, place.object, content + Store(certificate));
  CountFileChange(false);
}

void CardFiles::DeleteCertificate(size_t container, bool isKeyExchange) {
  const std::string name = CertificateName(container, isKeyExchange);
  const std::optional<Place> place = Find(name);
  if (!place) return;
  edge_.WriteObject(place->file, place->object, {});
  Remove(name);
  CountFileChange(false);
}

std::optional<CardFiles::Place> CardFiles::Find(const std::string& name) {
  const Bytes records = Records(edge_.ReadObject(kDirectoryFile, kMasterObject), kMasterRecord);
  const Bytes wanted = DirectoryName("mscp") + DirectoryName(name);
  for (size_t at = 0; at < records.size(); at += kMasterRecord) {
    const uint8_t* const record = records.data() + at;
    if (!std::equal(wanted.begin(), wanted.end(), record)) continue;
    return Place{static_cast<uint16_t>(LittleEndian32(record + 24)),
                 static_cast<uint16_t>(LittleEndian32(record + 20))};
  }
  return std::nullopt;
}

CardFiles::Place CardFiles::Add(const std::string& name) {
  Bytes records = Records(edge_.ReadObject(kDirectoryFile, kMasterObject), kMasterRecord);
  uint16_t object = kFirstFreeObject;
  for (bool taken = true; taken;) {
    taken = false;
    for (size_t at = 0; at < records.size() && !taken; at += kMasterRecord) {
      taken = LittleEndian32(records.data() + at + 20) == object &&
              LittleEndian32(records.data() + at + 24) == kUserFile;
    }
    if (taken) object++;
  }
  edge_.WriteObject(kDirectoryFile, kMasterObject, Bytes{1} + records + MasterRecord(name, object));
  return {kUserFile, object};
}

void CardFiles::Remove(const std::string& name) {
  Bytes records = Records(edge_.ReadObject(kDirectoryFile, kMasterObject), kMasterRecord);
  const Bytes wanted = DirectoryName("mscp") + DirectoryName(name);
  for (size_t at = 0; at < records.size(); at += kMasterRecord) {
    if (!std::equal(wanted.begin(), wanted.end(), records.begin() + at)) continue;
    records.erase(records.begin() + at, records.begin() + at + kMasterRecord);
    break;
  }
  edge_.WriteObject(kDirectoryFile, kMasterObject, Bytes{1} + records);
}

void CardFiles::CountFileChange(bool isContainerChange) {
  const std::optional<Bytes> read = edge_.ReadObject(kUserFile, kCardCfObject);
  Require(read && read->size() == 6, kCorrupt);
  // Version, PIN freshness, containers' freshness (16 bits), files' freshness (16 bits).
  Bytes counters = *read;
  const size_t at = isContainerChange ? 2 : 4;
  if (++counters[at] == 0) counters[at + 1]++;
  edge_.WriteObject(kUserFile, kCardCfObject, counters);
}

}  // namespace lab
