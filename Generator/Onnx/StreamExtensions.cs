namespace Cameo.Generator.Onnx;

internal static class StreamExtensions
{
    /// <summary>Reads exactly <paramref name="count"/> bytes.</summary>
    /// <exception cref="ImportException">The stream ends before.</exception>
    public static void ReadFully(this Stream stream, byte[] buffer, int count)
    {
        for (int offset = 0; offset < count;)
        {
            int read = stream.Read(buffer, offset, count - offset);
            if (read == 0)
            {
                throw new ImportException(
                    ImportDiagnosticIds.DataSizeMismatch,
                    FormattableString.Invariant($"The data end {count - offset} bytes or more before what the shape needs."));
            }

            offset += read;
        }
    }
}
