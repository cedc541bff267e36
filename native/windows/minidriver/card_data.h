#pragma once

#include <windows.h>
#include <winscard.h>

#include <cstddef>

namespace vsc {

struct CardData;

/** A member whose parameters nothing here has to do with. */
using OpaqueCardFunction = DWORD(WINAPI*)();

/**
 * CARD_DATA of version 7, by which a program and a card module (minidriver) know each other's
 * functions; our own declaration, after the "Smart Card Minidriver Specification". The program
 * fills it up to `scard`, the module the rest, where what it does not offer may be null.
 *
 * All functions of the module return 0, a SCARD_ code or a Win32 code.
 */
struct CardData {
  DWORD version;
  BYTE* atr;
  DWORD atr_size;
  /** As the smart card service's data base has it. */
  WCHAR* card_name;
  void*(WINAPI* allocate)(SIZE_T size);
  void*(WINAPI* reallocate)(void* memory, SIZE_T size);
  void(WINAPI* free)(void* memory);
  DWORD(WINAPI* cache_add)
  (void* cache, WCHAR* tag, DWORD flags, BYTE* data, DWORD size);
  DWORD(WINAPI* cache_look_up)
  (void* cache, WCHAR* tag, DWORD flags, BYTE** data, DWORD* size);
  DWORD(WINAPI* cache_delete)(void* cache, WCHAR* tag, DWORD flags);
  void* cache;
  DWORD(WINAPI* pad)
  (void* signing_info, DWORD width, DWORD* size, BYTE** data);
  SCARDCONTEXT scard_context;
  SCARDHANDLE scard;

  /** The module's own. */
  void* vendor_specific;
  DWORD(WINAPI* delete_context)(CardData*);
  OpaqueCardFunction query_capabilities;
  OpaqueCardFunction delete_container;
  OpaqueCardFunction create_container;
  OpaqueCardFunction get_container_info;
  DWORD(WINAPI* authenticate_pin)
  (CardData*, WCHAR* user, BYTE* pin, DWORD pin_size, DWORD* attempts);
  /** The challenge is freed by `free`. */
  DWORD(WINAPI* get_challenge)(CardData*, BYTE** challenge, DWORD* size);
  DWORD(WINAPI* authenticate_challenge)
  (CardData*, BYTE* response, DWORD size, DWORD* attempts);
  DWORD(WINAPI* unblock_pin)
  (CardData*, WCHAR* user, BYTE* proof, DWORD proof_size, BYTE* pin, DWORD pin_size,
   DWORD retry_count, DWORD flags);
  DWORD(WINAPI* change_authenticator)
  (CardData*, WCHAR* user, BYTE* current, DWORD current_size, BYTE* next, DWORD next_size,
   DWORD retry_count, DWORD flags, DWORD* attempts);
  OpaqueCardFunction deauthenticate;
  OpaqueCardFunction create_directory;
  OpaqueCardFunction delete_directory;
  void* unused[2];
  OpaqueCardFunction create_file;
  OpaqueCardFunction read_file;
  OpaqueCardFunction write_file;
  OpaqueCardFunction delete_file;
  OpaqueCardFunction enumerate_files;
  OpaqueCardFunction get_file_info;
  OpaqueCardFunction query_free_space;
  OpaqueCardFunction query_key_sizes;
  OpaqueCardFunction sign_data;
  OpaqueCardFunction rsa_decrypt;
  OpaqueCardFunction construct_dh_agreement;
  OpaqueCardFunction derive_key;
  OpaqueCardFunction destroy_dh_agreement;
  /** The program's, if it had one. */
  OpaqueCardFunction get_dh_agreement;
  OpaqueCardFunction get_challenge_ex;
  OpaqueCardFunction authenticate_ex;
  OpaqueCardFunction change_authenticator_ex;
  OpaqueCardFunction deauthenticate_ex;
  OpaqueCardFunction get_container_property;
  OpaqueCardFunction set_container_property;
  OpaqueCardFunction get_property;
  OpaqueCardFunction set_property;
  /** The program's, if it had one. */
  OpaqueCardFunction unpad;
  /** Session keys, and encryption by the card. */
  OpaqueCardFunction session_keys[9];
  OpaqueCardFunction create_container_ex;
};

/** CARD_DATA's current version. */
constexpr DWORD kCardDataVersion = 7;

/** CARD_AUTHENTICATE_PIN_…: what an authenticator is. */
constexpr DWORD kByResponse = 1;
constexpr DWORD kByPin = 2;

/** What a module tells of the attempts left when it does not know. */
constexpr DWORD kUnknownAttempts = 0xFFFFFFFF;

/** Where a member lies: `offset` is with pointers of 64 bits, with others it shrinks with them. */
#define VSC_CARD_DATA_MEMBER(member, offset)                                \
  static_assert(offsetof(CardData, member) == (offset) / 8 * sizeof(void*), \
                "CARD_DATA's layout is the card modules'")

VSC_CARD_DATA_MEMBER(version, 0);
VSC_CARD_DATA_MEMBER(atr, 8);
VSC_CARD_DATA_MEMBER(atr_size, 16);
VSC_CARD_DATA_MEMBER(card_name, 24);
VSC_CARD_DATA_MEMBER(allocate, 32);
VSC_CARD_DATA_MEMBER(reallocate, 40);
VSC_CARD_DATA_MEMBER(free, 48);
VSC_CARD_DATA_MEMBER(cache_add, 56);
VSC_CARD_DATA_MEMBER(cache_look_up, 64);
VSC_CARD_DATA_MEMBER(cache_delete, 72);
VSC_CARD_DATA_MEMBER(cache, 80);
VSC_CARD_DATA_MEMBER(pad, 88);
VSC_CARD_DATA_MEMBER(scard_context, 96);
VSC_CARD_DATA_MEMBER(scard, 104);
VSC_CARD_DATA_MEMBER(vendor_specific, 112);
VSC_CARD_DATA_MEMBER(delete_context, 120);
VSC_CARD_DATA_MEMBER(query_capabilities, 128);
VSC_CARD_DATA_MEMBER(delete_container, 136);
VSC_CARD_DATA_MEMBER(create_container, 144);
VSC_CARD_DATA_MEMBER(get_container_info, 152);
VSC_CARD_DATA_MEMBER(authenticate_pin, 160);
VSC_CARD_DATA_MEMBER(get_challenge, 168);
VSC_CARD_DATA_MEMBER(authenticate_challenge, 176);
VSC_CARD_DATA_MEMBER(unblock_pin, 184);
VSC_CARD_DATA_MEMBER(change_authenticator, 192);
VSC_CARD_DATA_MEMBER(deauthenticate, 200);
VSC_CARD_DATA_MEMBER(create_directory, 208);
VSC_CARD_DATA_MEMBER(delete_directory, 216);
VSC_CARD_DATA_MEMBER(unused, 224);
VSC_CARD_DATA_MEMBER(create_file, 240);
VSC_CARD_DATA_MEMBER(read_file, 248);
VSC_CARD_DATA_MEMBER(write_file, 256);
VSC_CARD_DATA_MEMBER(delete_file, 264);
VSC_CARD_DATA_MEMBER(enumerate_files, 272);
VSC_CARD_DATA_MEMBER(get_file_info, 280);
VSC_CARD_DATA_MEMBER(query_free_space, 288);
VSC_CARD_DATA_MEMBER(query_key_sizes, 296);
VSC_CARD_DATA_MEMBER(sign_data, 304);
VSC_CARD_DATA_MEMBER(rsa_decrypt, 312);
VSC_CARD_DATA_MEMBER(construct_dh_agreement, 320);
VSC_CARD_DATA_MEMBER(derive_key, 328);
VSC_CARD_DATA_MEMBER(destroy_dh_agreement, 336);
VSC_CARD_DATA_MEMBER(get_dh_agreement, 344);
VSC_CARD_DATA_MEMBER(get_challenge_ex, 352);
VSC_CARD_DATA_MEMBER(authenticate_ex, 360);
VSC_CARD_DATA_MEMBER(change_authenticator_ex, 368);
VSC_CARD_DATA_MEMBER(deauthenticate_ex, 376);
VSC_CARD_DATA_MEMBER(get_container_property, 384);
VSC_CARD_DATA_MEMBER(set_container_property, 392);
VSC_CARD_DATA_MEMBER(get_property, 400);
VSC_CARD_DATA_MEMBER(set_property, 408);
VSC_CARD_DATA_MEMBER(unpad, 416);
VSC_CARD_DATA_MEMBER(create_container_ex, 496);

#undef VSC_CARD_DATA_MEMBER

static_assert(sizeof(CardData) == 504 / 8 * sizeof(void*));

}  // namespace vsc
