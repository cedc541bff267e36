// A client of the managers that does exactly as it is told, wrong things too. Reads requests as a
// JSON array of objects, carries them out one after the other and writes the answers as JSON: `{
// "method": "CreateVirtualSmartCard", "arguments": {…}, "abortAt": 4 }` gives
// `{ "result": 0, "instanceId": "…", "needReboot": false, "progress": […], "errors": […] }`.
#include <objbase.h>

#include <iostream>
#include <iterator>

#include "client/call.h"

int main() {
  if (FAILED(CoInitializeEx(nullptr, COINIT_MULTITHREADED))) return 2;
  try {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    const lab::Json requests = lab::Json::Parse(text);
    lab::Json::Array answers;
    for (const lab::Json& request : requests.Elements()) {
      answers.push_back(lab::CallManager(request));
    }
    std::cout << lab::Json(std::move(answers)).Text();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  CoUninitialize();
  return 0;
}
