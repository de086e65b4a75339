-- Pandoc leaves out what is written in HTML or LaTeX, unless it is told to read it.
local function read(raw)
  if raw.format:match("html") or raw.format:match("tex") then
    return pandoc.read(raw.text, raw.format:match("html") and "html" or "latex").blocks
  end
end

return {
  {
    RawBlock = read,
    RawInline = function(raw)
      local blocks = read(raw)
      return blocks and pandoc.utils.blocks_to_inlines(blocks)
    end,
  },
}
