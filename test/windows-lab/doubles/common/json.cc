#include "common/json.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace lab {
namespace {

constexpr int kDeepest = 32;

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  Json Whole() {
    Json value = Value(0);
    Space();
    if (at_ != text_.size()) Fail();
    return value;
  }

 private:
  [[noreturn]] void Fail() const { throw std::runtime_error("not JSON"); }

  void Space() {
    while (at_ < text_.size() && std::string(" \t\r\n").find(text_[at_]) != std::string::npos)
      at_++;
  }

  bool Take(char c) {
    Space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    at_++;
    return true;
  }

  void Expect(char c) {
    if (!Take(c)) Fail();
  }

  bool TakeWord(const std::string& word) {
    if (text_.compare(at_, word.size(), word) != 0) return false;
    at_ += word.size();
    return true;
  }

  Json Value(int depth) {
    if (depth > kDeepest) Fail();
    Space();
    if (at_ >= text_.size()) Fail();
    if (text_[at_] == '{') return ObjectValue(depth);
    if (text_[at_] == '[') return ArrayValue(depth);
    if (text_[at_] == '"') return Json(StringValue());
    if (TakeWord("null")) return Json();
    if (TakeWord("true")) return Json(true);
    if (TakeWord("false")) return Json(false);
    return NumberValue();
  }

  Json ObjectValue(int depth) {
    Json::Object members;
    Expect('{');
    if (Take('}')) return Json(std::move(members));
    do {
      Space();
      std::string name = StringValue();
      Expect(':');
      members.emplace_back(std::move(name), Value(depth + 1));
    } while (Take(','));
    Expect('}');
    return Json(std::move(members));
  }

  Json ArrayValue(int depth) {
    Json::Array elements;
    Expect('[');
    if (Take(']')) return Json(std::move(elements));
    do elements.push_back(Value(depth + 1));
    while (Take(','));
    Expect(']');
    return Json(std::move(elements));
  }

  Json NumberValue() {
    char* end = nullptr;
    const char* start = text_.c_str() + at_;
    const double value = std::strtod(start, &end);
    if (end == start || !std::isfinite(value)) Fail();
    at_ += end - start;
    return Json(value);
  }

  std::string StringValue() {
    Expect('"');
    std::string out;
    while (at_ < text_.size() && text_[at_] != '"') {
      const char c = text_[at_++];
      if (c == '\\') {
        Escape(out);
      } else {
        out.push_back(c);
      }
    }
    if (at_ >= text_.size()) Fail();
    at_++;
    return out;
  }

  void Escape(std::string& out) {
    if (at_ >= text_.size()) Fail();
    const char c = text_[at_++];
    static const std::string kFrom = "\"\\/bfnrt";
    static const std::string kTo = "\"\\/\b\f\n\r\t";
    if (const size_t index = kFrom.find(c); index != std::string::npos) {
      out.push_back(kTo[index]);
    } else if (c == 'u') {
      AppendUtf8(out, CodePoint());
    } else {
      Fail();
    }
  }

  uint32_t Hex4() {
    if (at_ + 4 > text_.size()) Fail();
    const std::string digits = text_.substr(at_, 4);
    if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) Fail();
    at_ += 4;
    return static_cast<uint32_t>(std::strtoul(digits.c_str(), nullptr, 16));
  }

  uint32_t CodePoint() {
    const uint32_t unit = Hex4();
    if (unit < 0xD800 || unit > 0xDFFF) return unit;
    if (unit > 0xDBFF || !TakeWord("\\u")) Fail();
    const uint32_t low = Hex4();
    if (low < 0xDC00 || low > 0xDFFF) Fail();
    return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
  }

  static void AppendUtf8(std::string& out, uint32_t point) {
    if (point < 0x80) {
      out.push_back(static_cast<char>(point));
      return;
    }
    const int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
    out.push_back(static_cast<char>(kLead[more] | point >> (6 * more)));
    for (int i = more - 1; i >= 0; i--) {
      out.push_back(static_cast<char>(0x80 | (point >> (6 * i) & 0x3F)));
    }
  }

  const std::string& text_;
  size_t at_ = 0;
};

void AppendString(std::string& out, const std::string& text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      out += escape;
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

std::string NumberText(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

template <typename T, typename V>
const T& Get(const V& value) {
  if (const T* held = std::get_if<T>(&value)) return *held;
  throw std::runtime_error("a JSON value of another kind was expected");
}

}  // namespace

Json Json::Parse(const std::string& text) {
  return Parser(text).Whole();
}

std::string Json::Text() const {
  std::string out;
  if (IsNull()) return "null";
  if (const bool* boolean = std::get_if<bool>(&value_)) return *boolean ? "true" : "false";
  if (const double* number = std::get_if<double>(&value_)) return NumberText(*number);
  if (const std::string* text = std::get_if<std::string>(&value_)) {
    AppendString(out, *text);
    return out;
  }
  if (const Array* elements = std::get_if<Array>(&value_)) {
    for (const Json& element : *elements) out += (out.empty() ? "" : ",") + element.Text();
    return "[" + out + "]";
  }
  for (const Member& member : Members()) {
    if (!out.empty()) out.push_back(',');
    AppendString(out, member.first);
    out += ":" + member.second.Text();
  }
  return "{" + out + "}";
}

bool Json::Boolean() const {
  return Get<bool>(value_);
}
double Json::Number() const {
  return Get<double>(value_);
}
const std::string& Json::String() const {
  return Get<std::string>(value_);
}
const Json::Array& Json::Elements() const {
  return Get<Array>(value_);
}
const Json::Object& Json::Members() const {
  return Get<Object>(value_);
}

const Json* Json::Find(const std::string& name) const {
  for (const Member& member : Members()) {
    if (member.first == name) return &member.second;
  }
  return nullptr;
}

const Json& Json::At(const std::string& name) const {
  if (const Json* member = Find(name)) return *member;
  throw std::runtime_error("the JSON member \"" + name + "\" is missing");
}

}  // namespace lab
