#pragma once

#include <string>

namespace vsc {

/** A shared library of the system, never unloaded. */
class SharedLibrary {
 public:
  /** What is said when it is not there, or is another one than it should be. */
  struct Errors {
    const char* code;
    const char* not_loaded;
    const char* unusable;
  };

  /** Throws NativeError. `flags` are dlopen's. */
  SharedLibrary(const char* file, int flags, const Errors& errors);

  /** Puts the function into `function`; throws NativeError. */
  template <typename Function>
  void Resolve(const char* name, Function& function) const {
    function = reinterpret_cast<Function>(Symbol(name));
  }

 private:
  void* Symbol(const char* name) const;

  const Errors errors_;
  void* const handle_;
};

}  // namespace vsc
