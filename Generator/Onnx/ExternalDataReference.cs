using System.Globalization;
using Cameo.Generator.Onnx.Proto;

namespace Cameo.Generator.Onnx;

/// <summary>What a model says of where a tensor's external data lie.</summary>
internal sealed record ExternalDataReference(string Location, long Offset, long? Length)
{
    /// <exception cref="ImportException">There is no location, or a number is not one.</exception>
    public static ExternalDataReference Read(TensorProto tensor)
    {
        string? location = null;
        long offset = 0;
        long? length = null;
        foreach (StringStringEntryProto entry in tensor.ExternalData)
        {
            switch (entry.Key)
            {
                case "location":
                    location = entry.Value;
                    break;
                case "offset":
                    offset = ParseNumber(entry);
                    break;
                case "length":
                    length = ParseNumber(entry);
                    break;
            }
        }

        return string.IsNullOrEmpty(location)
            ? throw new ImportException(ImportDiagnosticIds.InvalidExternalData, "The tensor has external data but no location.")
            : new ExternalDataReference(location!, offset, length);
    }

    private static long ParseNumber(StringStringEntryProto entry)
        => long.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw new ImportException(
                ImportDiagnosticIds.InvalidExternalData,
                $"The external data have the {entry.Key} '{entry.Value}', which is not a number of bytes.");
}
