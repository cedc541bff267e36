// A program that knows a card's keys by the user's certificates alone. Reads requests as a JSON
// array, carries them out one after the other and writes the answers as JSON: `{ "method": "list"
// }`,
// `{ "method": "add", "certificate": "…", "link": {…}, "friendlyName": "…" }`, `{ "method": "clear"
// }`,
// `{ "method": "sign", "certificate": "…", "pin": "…", "data": "…" }`; bytes are base64.
#include <iostream>
#include <iterator>
#include <stdexcept>

#include "client/sign.h"
#include "client/store.h"

namespace {

lab::Json Answer(const lab::Json& request) {
  const std::string& method = request.At("method").String();
  if (method == "list") return lab::ListCertificates();
  if (method == "sign") return lab::SignByCertificate(request);
  if (method == "add") {
    lab::AddCertificate(request);
  } else if (method == "clear") {
    lab::ClearStore();
  } else {
    throw std::runtime_error("No such method: " + method);
  }
  return nullptr;
}

}  // namespace

int main() {
  try {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    const lab::Json requests = lab::Json::Parse(text);
    lab::Json::Array answers;
    for (const lab::Json& request : requests.Elements()) answers.push_back(Answer(request));
    std::cout << lab::Json(std::move(answers)).Text();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
