#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lab {

/** A JSON value; strings are UTF-8. Objects keep the order in which their members came. */
class Json {
 public:
  using Member = std::pair<std::string, Json>;
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;

  Json() : value_(nullptr) {}
  Json(std::nullptr_t) : value_(nullptr) {}
  Json(bool value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(int value) : value_(static_cast<double>(value)) {}
  Json(unsigned value) : value_(static_cast<double>(value)) {}
  Json(unsigned long value) : value_(static_cast<double>(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  /** Throws std::runtime_error for text that is not one JSON value. */
  static Json Parse(const std::string& text);
  std::string Text() const;

  bool IsNull() const { return std::holds_alternative<std::nullptr_t>(value_); }
  /** These throw std::runtime_error when the value is of another kind. */
  bool Boolean() const;
  double Number() const;
  const std::string& String() const;
  const Array& Elements() const;
  const Object& Members() const;
  /** A member; throws std::runtime_error when it is missing. */
  const Json& At(const std::string& name) const;
  /** A member, nullptr when it is missing. */
  const Json* Find(const std::string& name) const;

 private:
  std::variant<std::nullptr_t, bool, double, std::string, Array, Object> value_;
};

}  // namespace lab
