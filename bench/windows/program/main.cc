// The plain program that the library is measured against: it makes the calls to Windows that the
// library makes, and nothing else. A command a line on standard input, its words parted by tabs:
//   create NAME PIN ADMINKEY KCV                the last two in hexadecimal digits
//   create-and-open NAME PIN ADMINKEY KCV       and connects to it, as our create() does
//   destroy INSTANCE
//   keep                                       has a manager from now on
//   sign READER CONTAINER PIN HASH              RSA, PKCS #1 v1.5 over a SHA-256 hash
// Each is answered by one line: the microseconds that its calls took, and what they brought.
#include <objbase.h>

#include <iostream>
#include <sstream>
#include <stdexcept>

#include "manager.h"
#include "sign.h"
#include "text.h"

namespace {

std::vector<std::string> WordsOf(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream stream(line);
  for (std::string word; std::getline(stream, word, '\t');) words.push_back(word);
  return words;
}

std::string Carry(const std::vector<std::string>& words) {
  if (words.size() == 5 && words[0].rfind("create", 0) == 0) {
    const auto create = words[0] == "create" ? bench::CreateCard : bench::CreateAndOpenCard;
    return create(
        {bench::Wide(words[1]), words[2], bench::FromHex(words[3]), bench::FromHex(words[4])});
  }
  if (words.size() == 2 && words[0] == "destroy") return bench::DestroyCard(bench::Wide(words[1]));
  if (words.size() == 5 && words[0] == "sign") {
    return bench::Sign({bench::Wide(words[1]), bench::Wide(words[2]), bench::Wide(words[3]),
                        bench::FromHex(words[4])});
  }
  if (words.size() == 1 && words[0] == "keep") return bench::KeepManager();
  throw std::runtime_error("unknown command");
}

}  // namespace

int main() {
  if (FAILED(CoInitializeEx(nullptr, COINIT_MULTITHREADED))) return 2;
  try {
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << Carry(WordsOf(line)) << std::endl;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
  CoUninitialize();
  return 0;
}
