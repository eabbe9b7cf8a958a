using System.Text;

namespace Cameo.Generator.Emitting;

/// <summary>Writes indented C#: owns indentation and line ends, and checks that blocks are closed.</summary>
internal sealed class CodeWriter
{
    private readonly StringBuilder _text = new();
    private int _depth;

    /// <summary>Writes lines (split at line feeds) at the current depth; an empty text is an empty line.</summary>
    public CodeWriter Line(string text = "")
    {
        foreach (string line in text.Split('\n'))
        {
            if (line.Length > 0)
            {
                _text.Append(' ', _depth * 4).Append(line);
            }

            _text.Append('\n');
        }

        return this;
    }

    /// <summary>Writes a head line and an opening brace; the result closes the block when disposed.</summary>
    public BlockScope Block(string head, string end = "}")
    {
        Line(head);
        Line("{");
        _depth++;
        return new BlockScope(this, end);
    }

    /// <summary>Indents what follows until the result is disposed.</summary>
    public BlockScope Indent()
    {
        _depth++;
        return new BlockScope(this, null);
    }

    public override string ToString() => _depth == 0 ? _text.ToString() : throw new InvalidOperationException($"{_depth} blocks are still open.");

    /// <summary>Closes a block.</summary>
    internal readonly struct BlockScope(CodeWriter writer, string? end) : IDisposable
    {
        /// <summary>The same block, closed as an object initializer: with a semicolon.</summary>
        public BlockScope AsInitializer() => new(writer, "};");

        public void Dispose()
        {
            writer._depth--;
            if (end is not null)
            {
                writer.Line(end);
            }
        }
    }
}
