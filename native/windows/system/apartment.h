#pragma once

namespace vsc {

/**
 * Makes its thread part of the process's multithreaded apartment, to its end. The apartment itself
 * stays for the process's life: making one for each call takes longer than the call, and in one
 * that ends while another call begins both can wait for each other.
 */
class Apartment {
 public:
  /** Throws NativeError. */
  Apartment();
  ~Apartment();

  Apartment(const Apartment&) = delete;
  Apartment& operator=(const Apartment&) = delete;
};

}  // namespace vsc
