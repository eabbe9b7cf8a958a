using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;
using static Cameo.Generator.Onnx.Proto.TensorProto.Types;

namespace Cameo.Generator.Onnx;

/// <summary>
/// Checks a tensor's data against its shape and type, then puts small ones into the tensor, and for large ones a reference with facts, while the index
/// learns where they lie.
/// </summary>
internal sealed class TensorImporter(
    Stream model,
    ExternalFiles externalFiles,
    IReadOnlyDictionary<TensorProto, TensorLocation> locations,
    HashSet<string> shapeInputs,
    StructureBudget budget,
    ImportOptions options)
{
    private const int ModelFile = 0;

    private readonly UniqueNames _names = new();

    public WeightIndex Index { get; } = new();

    /// <exception cref="ImportException">The data do not fit, or can't be read.</exception>
    public void Import(NamedTensor named)
    {
        TensorProto tensor = named.Tensor;
        TensorLocation location = locations[tensor];
        DataType type = (DataType)tensor.DataType;
        bool external = tensor.DataLocation == DataLocation.External;
        if (type == DataType.Undefined && tensor.Dims.Count == 0 && !external && !location.HasRawData && location.TypedField == 0)
        {
            // An attribute that says "no tensor".
            return;
        }

        RequireDefined(tensor, type, location);
        long elements = ElementTypes.ElementCount(tensor.Dims)
            ?? throw new ImportException(
                ImportDiagnosticIds.InvalidShape,
                $"The shape [{string.Join(", ", tensor.Dims)}] has a negative dimension or too many elements.");
        if (type == DataType.String)
        {
            ReadStrings(tensor, location, elements, external);
            return;
        }

        long bytes = ElementTypes.ByteLength(type, elements);
        WeightEntry entry = external ? LocateExternal(tensor, type, bytes) : LocateInModel(tensor, type, bytes, location);
        if (IsInline(named, type, elements, bytes))
        {
            Inline(tensor, type, entry);
        }
        else
        {
            Reference(tensor, named.Path, entry);
        }
    }

    private static void RequireDefined(TensorProto tensor, DataType type, TensorLocation location)
    {
        if (type != DataType.String && ElementTypes.Bits(type) == 0)
        {
            throw new ImportException(ImportDiagnosticIds.UnknownElementType, $"The element type {tensor.DataType} is not known.");
        }

        if (tensor.Segment is not null)
        {
            throw new ImportException(ImportDiagnosticIds.InvalidTensorData, "The tensor is stored in segments, which is not supported.");
        }

        if (tensor.DataLocation is not (DataLocation.Default or DataLocation.External))
        {
            throw new ImportException(ImportDiagnosticIds.InvalidTensorData, $"The data location {(int)tensor.DataLocation} is not known.");
        }

        int field = ElementTypes.TypedField(type);
        if (location.HasSeveralTypedFields || (location.TypedField != 0 && (location.TypedField != field || location.RawLength > 0)))
        {
            throw new ImportException(
                ImportDiagnosticIds.InvalidTensorData,
                $"The data of element type {type} are stored in several fields, or in one that ONNX does not define for that type.");
        }
    }

    private void ReadStrings(TensorProto tensor, TensorLocation location, long elements, bool external)
    {
        if (external || location.RawLength > 0)
        {
            throw new ImportException(ImportDiagnosticIds.InvalidTensorData, "ONNX does not define strings in raw or external data.");
        }

        WireReader reader = new(model);
        reader.Seek(location.MessageStart);
        while (reader.TryReadField(location.MessageEnd, out WireField field))
        {
            if (field.Number == TensorProto.StringDataFieldNumber && field.IsMessageOrBytes)
            {
                budget.AddData(field.Length);
                byte[] text = new byte[field.Length];
                reader.ReadBytes(text, 0, text.Length);
                tensor.StringData.Add(ByteString.CopyFrom(text));
            }
            else
            {
                reader.Seek(field.End);
            }
        }

        RequireSize(tensor, tensor.StringData.Count, elements, "strings");
    }

    private static WeightEntry LocateInModel(TensorProto tensor, DataType type, long bytes, TensorLocation location)
    {
        if (location.TypedField == 0)
        {
            RequireSize(tensor, location.RawLength, bytes, "bytes");
            return Entry(tensor, type, bytes, ModelFile, WeightStorage.Raw, location.RawStart, bytes);
        }

        // Packed floats are raw data by another name.
        bool raw = location.IsOnePackedValue && type is DataType.Float or DataType.Double or DataType.Complex64 or DataType.Complex128;
        if (raw)
        {
            RequireSize(tensor, location.PackedLength, bytes, "bytes");
            return Entry(tensor, type, bytes, ModelFile, WeightStorage.Raw, location.PackedStart, bytes);
        }

        long messageLength = location.MessageEnd - location.MessageStart;
        if (bytes / sizeof(ulong) > messageLength)
        {
            // An element takes a byte at least; this also bounds the time to find out that there are too few.
            RequireSize(tensor, messageLength, bytes, "bytes");
        }

        return Entry(tensor, type, bytes, ModelFile, WeightStorage.TypedField, location.MessageStart, messageLength);
    }

    private WeightEntry LocateExternal(TensorProto tensor, DataType type, long bytes)
    {
        ExternalDataReference reference = ExternalDataReference.Read(tensor);
        if (reference.Length is { } length)
        {
            RequireSize(tensor, length, bytes, "bytes");
        }

        long fileLength = externalFiles.Open(reference.Location).Length;
        if (reference.Offset > fileLength || bytes > fileLength - reference.Offset)
        {
            throw new ImportException(
                ImportDiagnosticIds.InvalidExternalData,
                $"The tensor needs {bytes} bytes from offset {reference.Offset} of '{reference.Location}', which has {fileLength}.");
        }

        return Entry(tensor, type, bytes, Index.AddFile(reference.Location), WeightStorage.Raw, reference.Offset, bytes);
    }

    private static WeightEntry Entry(
        TensorProto tensor, DataType type, long bytes, int file, WeightStorage storage, long offset, long length)
        => new("", file, storage, offset, length, type, [.. tensor.Dims], bytes);

    private bool IsInline(NamedTensor named, DataType type, long elements, long bytes)
    {
        if (named.IsStructure)
        {
            return true;
        }

        if (type is DataType.Int32 or DataType.Int64)
        {
            return bytes <= options.InlineIntegerBytes;
        }

        bool trained = named.IsInitializer && ElementTypes.IsFloatingPoint(type) && !shapeInputs.Contains(named.Tensor.Name);
        return bytes <= options.InlineBytes && (!trained || elements <= options.InlineFloatingPointElements);
    }

    private void Inline(TensorProto tensor, DataType type, WeightEntry entry)
    {
        budget.AddData(entry.ByteLength);
        byte[] data = new byte[entry.ByteLength];
        using (Stream stream = WeightStreams.Open(FileOf(entry), entry))
        {
            stream.ReadFully(data, data.Length);
            RequireEnd(stream, tensor);
        }

        tensor.ClearDataLocation();
        tensor.ExternalData.Clear();
        TensorData.SetBytes(tensor, type, data);
    }

    private void Reference(TensorProto tensor, string path, WeightEntry entry)
    {
        string name = _names.Add(path);
        Stream file = FileOf(entry);
        TensorFacts facts;
        if (entry.File == ModelFile || externalFiles.TryScan(entry.ByteLength))
        {
            using Stream stream = WeightStreams.Open(file, entry);
            facts = TensorFactsScanner.Scan(stream, entry.ElementType, entry.Dimensions, entry.ByteLength, name);
            RequireEnd(stream, tensor);
        }
        else
        {
            facts = new TensorFacts { Weight = name, ByteLength = entry.ByteLength };
        }

        facts.Write(tensor);
        Index.Add(entry with { Name = name });
    }

    private Stream FileOf(WeightEntry entry) => entry.File == ModelFile ? model : externalFiles.Open(Index.Files[entry.File]);

    private static void RequireEnd(Stream stream, TensorProto tensor)
    {
        if (stream.Read(new byte[1], 0, 1) != 0)
        {
            throw new ImportException(
                ImportDiagnosticIds.DataSizeMismatch,
                $"There are more data than the shape [{string.Join(", ", tensor.Dims)}] has elements.");
        }
    }

    private static void RequireSize(TensorProto tensor, long actual, long expected, string unit)
    {
        if (actual != expected)
        {
            throw new ImportException(
                ImportDiagnosticIds.DataSizeMismatch,
                $"The shape [{string.Join(", ", tensor.Dims)}] of {(DataType)tensor.DataType} needs {expected} {unit}, but there are {actual}.");
        }
    }
}
