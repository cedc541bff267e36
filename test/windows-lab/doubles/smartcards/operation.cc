#include "smartcards/operation.h"

namespace lab {

namespace {

AsyncStatus EndOf(const std::string& word) {
  if (word == "completed") return Completed;
  if (word == "canceled") return Canceled;
  Require(word == "error", static_cast<uint32_t>(E_UNEXPECTED));
  return Error;
}

}  // namespace

Course CourseOf(const Json& plan) {
  Course course;
  const Json* const operation = plan.IsNull() ? nullptr : plan.Find("operation");
  if (!operation) return course;
  for (const auto& [name, value] : operation->Members()) {
    if (name == "never") {
      course.polls.reset();
    } else if (name == "end") {
      course.end = EndOf(value.String());
    } else if (name == "code") {
      course.code = static_cast<HRESULT>(static_cast<uint32_t>(value.Number()));
    } else if (name == "nothing") {
      course.nothing = true;
    } else {
      Require(name == "text", static_cast<uint32_t>(E_UNEXPECTED));
      course.text = value.String();
    }
  }
  return course;
}

}  // namespace lab
