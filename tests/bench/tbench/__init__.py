# SPDX-License-Identifier: BSD-3-Clause
"""What ./bench is made of."""
