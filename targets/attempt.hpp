// Attempts are part of the vocabulary; this name stays for the runners.
#pragma once

#include "messages/attempt.hpp"
