"""How busy the machine is: utilisation, memory, temperatures and clocks, beside the power they explain.

Sources read /proc and /sys by paths they are given. May import `joulecast`; sensors may import this room.
"""
