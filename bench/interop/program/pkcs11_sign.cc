// Signs with a PKCS #11 module's private key each time a line comes, and prints what it took, in
// milliseconds. The PIN is the first line.
//   pkcs11-sign MODULE rsa|ec
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "exit.h"
#include "stopwatch.h"

namespace {

// Declarations of PKCS #11 2.40 that are used here. Functions are found by their place in the list.
using Word = unsigned long;
struct Mechanism {
  Word mechanism;
  void* parameter;
  Word parameter_length;
};
struct Attribute {
  Word type;
  void* value;
  Word length;
};
struct FunctionList {
  std::uint8_t version[2];
  void* functions[68];
};
enum Place {
  kInitialize = 0,
  kFinalize = 1,
  kGetSlotList = 4,
  kOpenSession = 12,
  kLogin = 18,
  kLogout = 19,
  kFindObjectsInit = 26,
  kFindObjects = 27,
  kFindObjectsFinal = 28,
  kSignInit = 42,
  kSign = 43,
};
constexpr Word kSerialSession = 4;
constexpr Word kReadWriteSession = 2;
constexpr Word kUser = 1;
constexpr Word kClass = 0;
constexpr Word kKeyType = 0x100;
constexpr Word kPrivateKey = 3;
constexpr Word kRsa = 0;
constexpr Word kEc = 3;
constexpr Word kRsaPkcs = 1;
constexpr Word kEcdsa = 0x1041;

/** Calls a function of the list, which must succeed. */
template <typename... Arguments>
void Call(const FunctionList& list, Place place, const char* name, Arguments... arguments) {
  const auto function = reinterpret_cast<Word (*)(Arguments...)>(list.functions[place]);
  const Word result = function(arguments...);
  Require(result == 0, name, result);
}

const FunctionList& Load(const char* module) {
  void* handle = dlopen(module, RTLD_NOW);
  Require(handle != nullptr, dlerror());
  using GetFunctionList = Word (*)(FunctionList**);
  const auto get = reinterpret_cast<GetFunctionList>(dlsym(handle, "C_GetFunctionList"));
  FunctionList* list = nullptr;
  Require(get != nullptr && get(&list) == 0, "C_GetFunctionList");
  return *list;
}

Word LogIn(const FunctionList& list, std::string pin) {
  using Pointer = void*;
  Call(list, kInitialize, "C_Initialize", Pointer(nullptr));
  std::vector<Word> slots(32);
  Word count = slots.size();
  Call(list, kGetSlotList, "C_GetSlotList", std::uint8_t(1), slots.data(), &count);
  Require(count > 0, "finding a token");
  Word session = 0;
  Call(list, kOpenSession, "C_OpenSession", slots[0], kSerialSession | kReadWriteSession,
       Pointer(nullptr), Pointer(nullptr), &session);
  Call(list, kLogin, "C_Login", session, kUser, pin.data(), Word(pin.size()));
  return session;
}

Word FindKey(const FunctionList& list, Word session, Word key_type) {
  Word key_class = kPrivateKey;
  Attribute wanted[] = {{kClass, &key_class, sizeof(key_class)},
                        {kKeyType, &key_type, sizeof(key_type)}};
  Word key = 0;
  Word found = 0;
  Call(list, kFindObjectsInit, "C_FindObjectsInit", session, &wanted[0], Word(2));
  Call(list, kFindObjects, "C_FindObjects", session, &key, Word(1), &found);
  Call(list, kFindObjectsFinal, "C_FindObjectsFinal", session);
  Require(found == 1, "finding the key");
  return key;
}

/** A SHA-256 digest, in a DigestInfo for RSA. */
std::vector<std::uint8_t> ToSign(bool is_rsa) {
  std::vector<std::uint8_t> data;
  if (is_rsa) {
    data = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
            0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
  }
  data.insert(data.end(), 32, 0xa7);
  return data;
}

}  // namespace

int main(int count, char** arguments) {
  Require(count == 3, "usage: pkcs11-sign MODULE rsa|ec");
  const bool is_rsa = std::strcmp(arguments[2], "rsa") == 0;
  const FunctionList& list = Load(arguments[1]);
  std::string line;
  std::getline(std::cin, line);
  const Word session = LogIn(list, line);
  const Word key = FindKey(list, session, is_rsa ? kRsa : kEc);
  auto data = ToSign(is_rsa);
  Mechanism mechanism = {is_rsa ? kRsaPkcs : kEcdsa, nullptr, 0};
  std::printf("ready\n");
  std::fflush(stdout);
  while (std::getline(std::cin, line)) {
    std::uint8_t signature[512];
    Word length = sizeof(signature);
    const Stopwatch stopwatch;
    Call(list, kSignInit, "C_SignInit", session, &mechanism, key);
    Call(list, kSign, "C_Sign", session, data.data(), Word(data.size()), &signature[0], &length);
    std::printf("%.6f\n", stopwatch.Elapsed());
    std::fflush(stdout);
  }
  Call(list, kLogout, "C_Logout", session);
  Call(list, kFinalize, "C_Finalize", static_cast<void*>(nullptr));
  return 0;
}
